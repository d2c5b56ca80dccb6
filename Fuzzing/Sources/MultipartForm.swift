import FuzzChecks

/// libFuzzer's entry point for ``FuzzCheck/multipartForm``.
///
/// - Parameters:
///   - data: The bytes, lent for the time of the call.
///   - size: How many there are.
/// - Returns: 0, the only value that libFuzzer takes.
@_cdecl("LLVMFuzzerTestOneInput")
public func fuzzMultipartForm(_ data: UnsafePointer<UInt8>?, _ size: Int) -> CInt {
    FuzzCheck.multipartForm.fuzz(data, count: size)
}
