extension FuzzCheck {
    /// Runs the check on what libFuzzer made, as its `LLVMFuzzerTestOneInput`.
    ///
    /// A violation ends the process: libFuzzer takes the signal for a find, and writes the bytes to a file.
    ///
    /// - Parameters:
    ///   - start: Where the bytes stand, lent for the time of the call.
    ///   - count: How many there are.
    /// - Returns: 0, the only value that libFuzzer takes.
    package func fuzz(_ start: UnsafePointer<UInt8>?, count: Int) -> CInt {
        // libFuzzer vouches for `count` bytes from `start`; they are copied, so that nothing outlives the call.
        let bytes = Array(UnsafeBufferPointer(start: start, count: count))
        do throws(Violation) {
            try self(bytes)
        } catch {
            fatalError("\(self.rawValue): \(error)")
        }
        return 0
    }
}
