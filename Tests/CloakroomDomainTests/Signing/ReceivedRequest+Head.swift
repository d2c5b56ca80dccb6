import CloakroomDomain

extension ReceivedRequest {
    /// A head as the server's parser hands it over: the names of its fields in lower case, their values trimmed.
    static func head(
        _ method: String, _ target: String, _ fields: KeyValuePairs<String, String> = ["Host": "127.0.0.1:8081"]
    ) -> ReceivedRequest {
        var bytes: [UInt8] = []
        func append(_ text: String) -> Range<Int> {
            let start = bytes.count
            bytes.append(contentsOf: text.utf8)
            return start..<bytes.count
        }
        let methodRange = append(method)
        let targetRange = append(target)
        var lines: [Field] = []
        for (name, value) in fields {
            let nameRange = append(name.lowercased())
            lines.append(Field(name: nameRange, value: append(value)))
        }
        return ReceivedRequest(bytes: bytes, method: methodRange, target: targetRange, fields: lines)
    }
}

extension Grant {
    /// The right to read, if it is one.
    var download: DownloadGrant? {
        if case .download(let grant) = self { grant } else { nil }
    }

    /// The right to send, if it is one.
    var upload: UploadGrant? {
        if case .upload(let grant) = self { grant } else { nil }
    }
}
