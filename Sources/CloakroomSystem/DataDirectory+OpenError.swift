import Glibc

extension DataDirectory {
    package struct OpenError: Error, CustomStringConvertible {
        /// What is wrong, for whoever starts the server.
        package let description: String
    }
}

extension DataDirectory.OpenError {
    /// The most names of entries in a message.
    private static let namesShown = 3

    /// There is something else in the directory.
    package init(foreign names: [String], at path: String) {
        let shown = names.prefix(Self.namesShown).joined(separator: ", ")
        let rest = names.count - Self.namesShown
        self.description = """
            data directory \(path) is not empty and contains no database, but \(shown)\
            \(rest > 0 ? " and \(rest) more" : ""); nothing was changed; use a data directory or an empty directory
            """
    }

    /// There is no store, and none may be created.
    package init(noDatabaseAt path: String) {
        self.description = """
            data directory \(path) contains no database; --data-dir must name the data directory of a server
            """
    }

    /// There are parts of a store, and its database is missing or empty.
    package init(databaseMissingBeside parts: [String], at path: String) {
        self.description = """
            \(path)/\(DataDirectory.catalogName) is missing or empty, and the data directory contains \(parts.joined(separator: ", ")): \
            put the database back, or create a new data directory from a backup with `cloakroom restore BACKUP \
            --data-dir DIR`; nothing was changed
            """
    }

    /// A call failed.
    package init(_ error: SystemCallError, at path: String) {
        switch (error.call, error.code) {
        case (.flock, EWOULDBLOCK): self.description = "data directory \(path) is in use by another server"
        case (.openat, ENOENT):
            self.description = """
                data directory \(path) does not exist; --data-dir must name the data directory of a server
                """
        default: self.description = "data directory \(path): \(error)"
        }
    }
}
