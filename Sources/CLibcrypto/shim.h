#pragma once

// SHA-256's plain-struct interface is marked deprecated since OpenSSL 3.0 in favour of EVP. It is used on purpose: its
// state is a value that can be copied without an allocation, which is what a keyed midstate per signing key wants.
// docs/architecture.md has the measurement.
#define OPENSSL_SUPPRESS_DEPRECATED

#include <openssl/crypto.h>
#include <openssl/evp.h>
#include <openssl/rand.h>
#include <openssl/sha.h>
