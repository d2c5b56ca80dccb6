import CloakroomDomain

/// How many may wait at a time.
struct EventWaitLimits: Sendable {
    /// Whose events are waited for.
    enum Reader: Hashable, Sendable {
        /// An organization's, or all.
        case events(OrganizationID?)
    }

    struct Permit: Sendable {
        fileprivate let ofReader: ConcurrencyLimiter<Reader>.Permit
        fileprivate let ofAll: ConcurrencyLimiter<Bool>.Permit

        func release() {
            self.ofReader.release()
            self.ofAll.release()
        }
    }

    private let ofReader = ConcurrencyLimiter<Reader>(limit: 100)
    private let ofAll = ConcurrencyLimiter<Bool>(limit: 2_000)

    func take(_ reader: Reader) throws(APIError) -> Permit {
        guard let ofAll = self.ofAll.take(true) else { throw .tooManyWait(self.ofAll.limit) }
        guard let ofReader = self.ofReader.take(reader) else { throw .waitsLimited(self.ofReader.limit) }
        return Permit(ofReader: ofReader, ofAll: ofAll)
    }
}
