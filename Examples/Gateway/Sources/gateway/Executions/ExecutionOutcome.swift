import CloakroomDomain

/// What an execution has made: a file that the service keeps.
struct ExecutionOutcome: Hashable, Sendable {
    /// A picture's size in pixels.
    struct Dimensions: Hashable, Sendable {
        let width: Int64
        let height: Int64
    }

    let fileID: FileID
    let mediaType: MediaType
    /// The extension of its name: `png`.
    let format: String
    /// Of a picture.
    let dimensions: Dimensions?
}
