/* libtrust: certificates, trust lists and the TVS protocol of Cisco IP phones.
 *
 * The library opens no socket, starts no thread, logs nothing and never ends the process. Fallible
 * functions return 0 or a negative enum trust_errno and describe what went wrong in a struct trust_error
 * that the caller owns (NULL if it does not care). Out-parameters are NULL or zero after a failure.
 * Objects are immutable once built, so different threads may read one object; nothing else is shared. */
#ifndef TRUST_H
#define TRUST_H

#include "trust/anchor.h"
#include "trust/backup.h"
#include "trust/bundle.h"
#include "trust/cert.h"
#include "trust/csr.h"
#include "trust/digest.h"
#include "trust/error.h"
#include "trust/file.h"
#include "trust/history.h"
#include "trust/index.h"
#include "trust/key.h"
#include "trust/list.h"
#include "trust/name.h"
#include "trust/node.h"
#include "trust/pending.h"
#include "trust/proto.h"
#include "trust/role.h"
#include "trust/rollout.h"
#include "trust/sign.h"
#include "trust/store.h"
#include "trust/token.h"

#endif
