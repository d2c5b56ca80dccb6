/// Why an execution failed, as its customer is told.
struct ExecutionFailure: Error, Hashable, Sendable {
    let code: String
    let message: String

    static let timedOut = ExecutionFailure(
        code: "EXECUTION_TIMED_OUT", message: "The execution took longer than its model may.")
    static let modelFailed = ExecutionFailure(
        code: "MODEL_FAILED", message: "The model could not make anything of the input.")
    static let fileNotFound = ExecutionFailure(
        code: "FILE_NOT_FOUND", message: "A file of the input is not there any more.")
    static let fileFormatUnsupported = ExecutionFailure(
        code: "FILE_FORMAT_UNSUPPORTED", message: "A file of the input is no picture of its declared type.")
    static let internalError = ExecutionFailure(
        code: "INTERNAL_ERROR", message: "The gateway could not carry out the execution.")
}
