/* Spellings of attribute types. */
#include "name_parts.h"

#include <string.h>

/* To the short names of RFC 4514 section 3 and, for all else, to dotted OIDs. */
static const struct {
    const char *spelling, *type;
} attributes[] = {
    {"2.5.4.3", "CN"},
    {"COMMONNAME", "CN"},
    {"2.5.4.7", "L"},
    {"LOCALITYNAME", "L"},
    {"2.5.4.8", "ST"},
    {"S", "ST"}, /* Windows */
    {"SP", "ST"},
    {"STATEORPROVINCENAME", "ST"},
    {"2.5.4.10", "O"},
    {"ORGANIZATIONNAME", "O"},
    {"2.5.4.11", "OU"},
    {"ORGANIZATIONALUNITNAME", "OU"},
    {"2.5.4.6", "C"},
    {"COUNTRYNAME", "C"},
    {"2.5.4.9", "STREET"},
    {"STREETADDRESS", "STREET"},
    {"0.9.2342.19200300.100.1.25", "DC"},
    {"DOMAINCOMPONENT", "DC"},
    {"0.9.2342.19200300.100.1.1", "UID"},
    {"USERID", "UID"},
    {"E", "1.2.840.113549.1.9.1"},
    {"EMAIL", "1.2.840.113549.1.9.1"},
    {"EMAILADDRESS", "1.2.840.113549.1.9.1"},
    {"UNSTRUCTUREDNAME", "1.2.840.113549.1.9.2"},
    {"UNSTRUCTUREDADDRESS", "1.2.840.113549.1.9.8"},
    {"SN", "2.5.4.4"},
    {"SURNAME", "2.5.4.4"},
    {"SERIALNUMBER", "2.5.4.5"},
    {"T", "2.5.4.12"},
    {"TITLE", "2.5.4.12"},
    {"DESCRIPTION", "2.5.4.13"},
    {"BUSINESSCATEGORY", "2.5.4.15"},
    {"POSTALADDRESS", "2.5.4.16"},
    {"POSTALCODE", "2.5.4.17"},
    {"TELEPHONENUMBER", "2.5.4.20"},
    {"NAME", "2.5.4.41"},
    {"G", "2.5.4.42"},
    {"GN", "2.5.4.42"},
    {"GIVENNAME", "2.5.4.42"},
    {"I", "2.5.4.43"},
    {"INITIALS", "2.5.4.43"},
    {"GENERATIONQUALIFIER", "2.5.4.44"},
    {"X500UNIQUEIDENTIFIER", "2.5.4.45"},
    {"DNQ", "2.5.4.46"},
    {"DNQUALIFIER", "2.5.4.46"},
    {"PSEUDONYM", "2.5.4.65"},
    {"ORGANIZATIONIDENTIFIER", "2.5.4.97"},
    {"JURISDICTIONL", "1.3.6.1.4.1.311.60.2.1.1"},
    {"JURISDICTIONLOCALITYNAME", "1.3.6.1.4.1.311.60.2.1.1"},
    {"JURISDICTIONST", "1.3.6.1.4.1.311.60.2.1.2"},
    {"JURISDICTIONSTATEORPROVINCENAME", "1.3.6.1.4.1.311.60.2.1.2"},
    {"JURISDICTIONC", "1.3.6.1.4.1.311.60.2.1.3"},
    {"JURISDICTIONCOUNTRYNAME", "1.3.6.1.4.1.311.60.2.1.3"},
};

void name_attr_canonical(struct trust_bytes type, char *out)
{
    for (size_t i = 0; i < type.len; i++) {
        char c = (char)type.data[i];
        out[i] = c >= 'a' && c <= 'z' ? (char)(c - 'a' + 'A') : c;
    }
    out[type.len] = '\0';
    if (strncmp(out, "OID.", 4) == 0 && out[4] >= '0' && out[4] <= '9')
        memmove(out, out + 4, type.len - 3);
    for (size_t i = 0; i < sizeof attributes / sizeof attributes[0]; i++) {
        if (strcmp(attributes[i].spelling, out) == 0) {
            memcpy(out, attributes[i].type, strlen(attributes[i].type) + 1);
            return;
        }
    }
}
