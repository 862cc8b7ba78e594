/* pem.c — keys in PEM
 *
 * Public keys, key pairs and certificates, in the forms that OpenSSL's tools write. Of a key pair
 * the public half is kept; a certificate is only a wrapper around a key: its dates and its issuer
 * are not looked at. Text before a block is skipped, anything but white space behind the last one
 * is a fault.
 *
 * SPDX-License-Identifier: Apache-2.0
 */
#include "auth/key.h"

#include <limits.h>
#include <openssl/bio.h>
#include <openssl/crypto.h>
#include <openssl/err.h>
#include <openssl/pem.h>
#include <openssl/x509.h>
#include <stdlib.h>

/* One block of a PEM text. */
struct block {
    char *name;          /* such as `PUBLIC KEY`    */
    char *header;        /* lines before the base64 */
    unsigned char *data; /* DER                     */
    long len;            /* bytes of data           */
};

static void no_bio(BIO **bio)
{
    BIO_free(*bio);
}

static void no_block(struct block *block)
{
    OPENSSL_free(block->name);
    OPENSSL_free(block->header);
    OPENSSL_clear_free(block->data, block->data != NULL ? (size_t)block->len : 0);
}

static EVP_PKEY *certified(const unsigned char *data, long len)
{
    X509 *certificate = d2i_X509(NULL, &data, len);
    EVP_PKEY *pkey = certificate != NULL ? X509_get_pubkey(certificate) : NULL;
    X509_free(certificate);
    return pkey;
}

/* The public half of a key pair, by way of its encoding. */
static EVP_PKEY *public_half(EVP_PKEY *pair)
{
    unsigned char *encoded = NULL;
    int len = pair != NULL ? i2d_PUBKEY(pair, &encoded) : -1;
    const unsigned char *at = encoded;
    EVP_PKEY *pkey = len > 0 ? d2i_PUBKEY(NULL, &at, len) : NULL;
    OPENSSL_free(encoded);
    EVP_PKEY_free(pair);
    return pkey;
}

/* The key in a block; NULL: none, or none of a form that is known. */
static EVP_PKEY *decode(const struct block *block)
{
    const unsigned char *at = block->data;
    if (block->header[0] != '\0') { /* encrypted */
        return NULL;
    }
    if (strcmp(block->name, "PUBLIC KEY") == 0) {
        return d2i_PUBKEY(NULL, &at, block->len);
    }
    if (strcmp(block->name, "RSA PUBLIC KEY") == 0) {
        return d2i_PublicKey(EVP_PKEY_RSA, NULL, &at, block->len);
    }
    if (strcmp(block->name, "CERTIFICATE") == 0) {
        return certified(at, block->len);
    }
    if (strcmp(block->name, "PRIVATE KEY") == 0 || strcmp(block->name, "RSA PRIVATE KEY") == 0 ||
        strcmp(block->name, "EC PRIVATE KEY") == 0) {
        return public_half(d2i_AutoPrivateKey(NULL, &at, block->len));
    }
    return NULL;
}

bool key_read_pem(struct key *out, str *rest, str *why)
{
    *why = S("no PEM block with a key");
    if (rest->len > INT_MAX) {
        return false;
    }
    CLEANUP(no_bio) BIO *bio = BIO_new_mem_buf(rest->ptr, (int)rest->len);
    CLEANUP(no_block) struct block block = { .len = 0 };
    if (bio == NULL ||
        PEM_read_bio(bio, &block.name, &block.header, &block.data, &block.len) != 1) {
        ERR_clear_error();
        return false;
    }
    char *behind = NULL;
    long left = BIO_get_mem_data(bio, &behind);
    *rest = str_slice(*rest, rest->len - left, rest->len);
    EVP_PKEY *pkey = decode(&block);
    ERR_clear_error();
    if (pkey == NULL) {
        *why = S("a PEM block holds no key of a form that is known");
        return false;
    }
    return key_adopt(out, pkey, why);
}
