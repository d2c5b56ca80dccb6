import Logging

extension Logger {
    /// Returns the logger of the process: it writes to standard error.
    static func standardError(_ level: Logger.Level = .info) -> Logger {
        var logger = Logger(label: "cloakroom") { StreamLogHandler.standardError(label: $0) }
        logger.logLevel = level
        return logger
    }
}
