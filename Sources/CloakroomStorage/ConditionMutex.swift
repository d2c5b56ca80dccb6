import Glibc

/// A lock on which threads can wait for a change (`pthread_mutex_t`, `pthread_cond_t`); for threads that may block.
///
/// `@unchecked Sendable`: both are made to be used by many threads, their memory does not move and lives as long as this
/// object, and there is no other state. The standard library has no condition variable.
final class ConditionMutex: @unchecked Sendable {
    private let mutex = UnsafeMutablePointer<pthread_mutex_t>.allocate(capacity: 1)
    private let condition = UnsafeMutablePointer<pthread_cond_t>.allocate(capacity: 1)

    init() {
        pthread_mutex_init(self.mutex, nil)
        pthread_cond_init(self.condition, nil)
    }

    deinit {
        pthread_cond_destroy(self.condition)
        pthread_mutex_destroy(self.mutex)
        self.condition.deallocate()
        self.mutex.deallocate()
    }

    func lock() { pthread_mutex_lock(self.mutex) }

    func unlock() { pthread_mutex_unlock(self.mutex) }

    /// Gives the lock up until somebody broadcasts, and takes it again.
    func wait() { pthread_cond_wait(self.condition, self.mutex) }

    func broadcast() { pthread_cond_broadcast(self.condition) }
}
