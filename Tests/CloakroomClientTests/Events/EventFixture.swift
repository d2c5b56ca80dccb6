/// Events as `events.md` has them, with a file as `GET /v1/files/{id}` has it.
enum EventFixture {
    static let id = "evt_000102030405060708090a0b0c0d0e0f"
    static let fileID = "file_01a1fa8d-56a2-7000-9ff0-f481e3338277"

    static let file = """
        {"file_id":"\(fileID)","filename":"cat.png","content_type":"image/png","size_bytes":3,"status":"ready",\
        "sha256":"ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad",\
        "created_at":"2026-11-29T11:59:59Z","uploaded_at":"2026-11-29T12:00:00Z"}
        """

    static let ready = event("file.ready", file: file)

    static func event(_ type: String, file: String, reason: String = "", id: String = id) -> String {
        """
        {"type":"\(type)","timestamp":"2026-11-29T12:00:00Z",\
        "data":{"event_id":"\(id)","organization_id":"acme","file":\(file)\(reason)}}
        """
    }

    static func page(_ events: [String], next: String) -> String {
        #"{"events":[\#(events.joined(separator: ","))],"next_cursor":"\#(next)","has_more":\#(!events.isEmpty)}"#
    }
}
