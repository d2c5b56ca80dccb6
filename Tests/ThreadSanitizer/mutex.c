// What a thread does that finds a `Mutex` of Swift's Synchronization module locked, in sight of Thread Sanitizer.
//
// Swift's own waits in the kernel (FUTEX_LOCK_PI), in a library that is not instrumented. Whoever has the lock then has
// never been seen to acquire it, so what it guards looks like a race. Preloaded, this takes the place of that function:
// `_MutexHandle._lockSlow(_: UInt32)`, which is told the thread's id and leaves it in the lock's word. The paths without
// a wait are inlined where they are called, and instrumented there.

#include <sched.h>
#include <stdint.h>

// Only there in a process that is sanitized.
extern void __tsan_acquire(void *address) __attribute__((weak));

__attribute__((swiftcall)) void lock_slow(uint32_t thread, __attribute__((swift_context)) uint32_t *word)
    __asm__("$s15Synchronization12_MutexHandleV9_lockSlowyys6UInt32VF");

__attribute__((swiftcall)) void lock_slow(uint32_t thread, __attribute__((swift_context)) uint32_t *word) {
    uint32_t unlocked = 0;
    while (!__atomic_compare_exchange_n(word, &unlocked, thread, 0, __ATOMIC_ACQUIRE, __ATOMIC_RELAXED)) {
        unlocked = 0;
        sched_yield();
    }
    if (__tsan_acquire) __tsan_acquire(word);
}
