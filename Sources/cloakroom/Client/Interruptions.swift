import Dispatch
import Glibc

/// SIGINT and SIGTERM as events on a thread of their own: the work that they end may be holding up all others.
///
/// A handler writes a byte into a pipe, where it stays until it is read. So no signal is lost, however early it comes.
enum Interruptions {
    /// Both ends, open until the process ends.
    private static let ends: (reading: Int32, writing: Int32) = {
        var ends: [Int32] = [-1, -1]
        // Two descriptors are written, for which there is room.
        guard pipe(&ends) == 0 else { return (-1, -1) }
        return (ends[0], ends[1])
    }()

    /// Calls a handler for each signal from now on, on a thread of its own, for as long as the source is kept.
    static func observe(_ handler: @escaping @Sendable () -> Void) -> any DispatchSourceRead {
        // Made here, before a signal handler uses it, which may not wait for that.
        let source = DispatchSource.makeReadSource(fileDescriptor: Self.ends.reading, queue: .global())
        source.setEventHandler {
            var byte: UInt8 = 0
            if read(Self.ends.reading, &byte, 1) == 1 { handler() }
        }
        source.activate()
        for number in [SIGINT, SIGTERM] {
            signal(number) { _ in
                // Only what a signal handler may do (signal-safety(7)).
                let code = errno
                var byte: UInt8 = 0
                _ = write(Interruptions.ends.writing, &byte, 1)
                errno = code
            }
        }
        return source
    }
}
