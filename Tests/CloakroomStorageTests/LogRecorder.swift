import Logging
import Synchronization

/// Remembers what was logged.
final class LogRecorder: Sendable {
    private let messages = Mutex<[String]>([])

    /// The messages without their metadata.
    var all: [String] { self.messages.withLock { $0 } }

    var logger: Logger {
        Logger(label: "test") { _ in Handler(recorder: self) }
    }

    private struct Handler: LogHandler {
        let recorder: LogRecorder
        var metadata: Logger.Metadata = [:]
        var logLevel = Logger.Level.trace

        subscript(metadataKey key: String) -> Logger.Metadata.Value? {
            get { self.metadata[key] }
            set { self.metadata[key] = newValue }
        }

        func log(event: LogEvent) {
            self.recorder.messages.withLock { $0.append("\(event.message)") }
        }
    }
}
