import Glibc

/// What has to be true of the standard streams before anything else is done.
enum StandardStreams {
    /// Keeps the descriptors 0, 1 and 2 for the standard streams, and makes writing to a closed pipe an error.
    ///
    /// Where one of them is closed, the next file that is opened would get its number: a line for standard output would
    /// be written into it. In its place is then a descriptor with which each attempt to use it fails, as before.
    static func prepare() {
        signal(SIGPIPE, SIG_IGN)
        for (descriptor, flags) in [(STDIN_FILENO, O_WRONLY), (STDOUT_FILENO, O_RDONLY), (STDERR_FILENO, O_WRONLY)]
        where fcntl(descriptor, F_GETFD) == -1 {
            // The lowest free number, which is this one: those below are open.
            _ = open("/dev/null", flags)
        }
    }
}
