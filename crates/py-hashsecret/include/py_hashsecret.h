/* CPython's hash secret and hashes of bytes by C's names, as py-hashsecret exports them.
 *
 * A program links a static library whose Rust crate says `py_hashsecret::export_c_api!();`, and calls
 * PyHashSecret_Init before it hashes. What each function does, and what it asks of its caller, is in
 * the documentation of `py_hashsecret::c_api`.
 *
 * Next to CPython's own headers, include this one after them: it then declares what is not
 * CPython's, and leaves the rest to them.
 */
#ifndef PY_HASHSECRET_H
#define PY_HASHSECRET_H

#include <stddef.h>
#include <stdint.h>

#ifdef __cplusplus
extern "C" {
#endif

enum {
    PyHashSecret_OS_ERROR = 0,
    PyHashSecret_VALUE_ERROR = 1,
    PyHashSecret_NOT_IMPLEMENTED = 2,
    PyHashSecret_RUNTIME_ERROR = 3
};

/* The functions of a runtime. Each may be null: see `py_hashsecret::c_api::PyHashSecret_Runtime`. */
typedef struct {
    size_t size; /* sizeof(PyHashSecret_Runtime) */
    void *(*begin_allow_threads)(void);
    void (*end_allow_threads)(void *thread);
    int (*check_signals)(void);
    void (*set_error)(int error, int errno_, const char *message);
} PyHashSecret_Runtime;

/* 0, or -1 if a runtime is installed already, or this header is not the library's. */
int PyHashSecret_Install(const PyHashSecret_Runtime *runtime);

/* Makes the secret once: of a seed, which may be 0, or a random one without a wait early in boot. 0,
 * or -1 if there are no random numbers. */
int PyHashSecret_Init(int use_hash_seed, unsigned long hash_seed);

#ifndef Py_PYTHON_H

typedef ptrdiff_t Py_ssize_t;
typedef ptrdiff_t Py_hash_t;

/* The secret, in all its uses. */
typedef union {
    unsigned char uc[24];
    struct {
        Py_hash_t prefix, suffix;
    } fnv;
    struct {
        uint64_t k0, k1; /* little-endian on every machine */
    } siphash;
    struct {
        unsigned char padding[16];
        Py_hash_t suffix;
    } djbx33a;
    struct {
        uint8_t hashsalt16[16];
        Py_hash_t hashsalt;
    } expat;
} _Py_HashSecret_t;

extern _Py_HashSecret_t _Py_HashSecret;

typedef struct {
    Py_hash_t (*const hash)(const void *src, Py_ssize_t len);
    const char *name;
    const int hash_bits;
    const int seed_bits;
} PyHash_FuncDef;

PyHash_FuncDef *PyHash_GetFuncDef(void);

Py_hash_t _Py_HashBytes(const void *src, Py_ssize_t len);
Py_hash_t Py_HashBuffer(const void *ptr, Py_ssize_t len);
uint64_t _Py_KeyedHash(uint64_t key, const void *src, Py_ssize_t src_sz);
Py_hash_t _Py_HashDouble(void *inst, double v);
Py_hash_t Py_HashPointer(const void *ptr);
Py_hash_t PyObject_GenericHash(void *obj);
void _PyHash_Fini(void);

/* 0, or -1, and set_error or check_signals was called. */
int _PyOS_URandom(void *buffer, Py_ssize_t size);
int _PyOS_URandomNonblock(void *buffer, Py_ssize_t size);
void _Py_HashRandomization_Fini(void);

#endif /* Py_PYTHON_H */

#ifdef __cplusplus
}
#endif
#endif /* PY_HASHSECRET_H */
