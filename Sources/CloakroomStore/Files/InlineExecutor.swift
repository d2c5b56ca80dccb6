import Glibc

/// Runs each step of a task on the thread that completed the step before, as callbacks are: a task that waits for two threads
/// one after the other takes no hop beside theirs.
///
/// Its steps must be short and never block: they run on event loops and on the threads of engines. A step that becomes ready
/// while another runs on the same thread comes after that, so that no chain of steps grows the stack.
package final class InlineExecutor: TaskExecutor {
    /// The only one: it has no state but that of threads.
    package static let shared = InlineExecutor()

    /// Leads to the steps that wait on a thread while it runs one; has no value elsewhere.
    private static let key: pthread_key_t = {
        var key = pthread_key_t()
        // It fails only in a process that has a thousand keys, where the value is then taken to be missing.
        _ = pthread_key_create(&key, nil)
        return key
    }()

    private init() {}

    package func enqueue(_ job: consuming ExecutorJob) {
        let job = UnownedJob(job)
        if let waiting = pthread_getspecific(Self.key) {
            // The outermost call on this thread has the array in its frame for as long as the thread has the pointer.
            waiting.assumingMemoryBound(to: [UnownedJob].self).pointee.append(job)
            return
        }
        var waiting: [UnownedJob] = []
        withUnsafeMutablePointer(to: &waiting) { pointer in
            pthread_setspecific(Self.key, pointer)
            job.runSynchronously(on: self.asUnownedTaskExecutor())
            while !pointer.pointee.isEmpty {
                pointer.pointee.removeFirst().runSynchronously(on: self.asUnownedTaskExecutor())
            }
            pthread_setspecific(Self.key, nil)
        }
    }
}
