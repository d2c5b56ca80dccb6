import CloakroomDomain

/// An event as the service writes it; members that are not known here are ignored.
struct FileEventDocument: Decodable {
    private struct Content: Decodable {
        let eventID: String
        let organizationID: String?
        let file: FileDocument?
        let reason: String?

        private enum CodingKeys: String, CodingKey {
            case file, reason
            case eventID = "event_id"
            case organizationID = "organization_id"
        }

        init(from decoder: any Decoder) throws {
            let container = try decoder.container(keyedBy: CodingKeys.self)
            self.eventID = try container.decode(String.self, forKey: .eventID)
            // An event of a type that is not known here may have something else by these names.
            self.organizationID = try? container.decode(String.self, forKey: .organizationID)
            self.file = try? container.decode(FileDocument.self, forKey: .file)
            self.reason = try? container.decode(String.self, forKey: .reason)
        }
    }

    private let type: String
    private let timestamp: String
    private let data: Content

    func event() throws(CloakroomError) -> FileEvent {
        let type = FileEvent.Kind(rawValue: self.type)
        guard let timestamp = Timestamp(rfc3339: self.timestamp), !self.data.eventID.isEmpty else {
            throw .invalidResponse("a member of an event is missing or malformed")
        }
        let organization = self.data.organizationID.flatMap { OrganizationID($0) }
        let file = try? self.data.file?.metadata()
        if FileEvent.Kind.ofFiles.contains(type) {
            guard organization != nil, file != nil else {
                throw .invalidResponse("a member of an event of a file is missing or malformed")
            }
        }
        return FileEvent(
            id: self.data.eventID, type: type, timestamp: timestamp, organizationID: organization, file: file,
            reason: self.data.reason.map { FileEvent.Reason(rawValue: $0) })
    }
}
