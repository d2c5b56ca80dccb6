import Glibc

/// Where messages for people go; standard output is for what a script reads.
enum StandardError {
    static func write(_ message: String) {
        let line = Array("cloakroom: \(message)\n".utf8)
        _ = line.withUnsafeBytes { Glibc.write(STDERR_FILENO, $0.baseAddress, $0.count) }
    }
}
