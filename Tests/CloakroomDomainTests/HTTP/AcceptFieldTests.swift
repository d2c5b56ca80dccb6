import CloakroomDomain
import Testing

/// Whether a client asks for JSON, by what it says of it and of everything else (RFC 9110 §12.5.1).
struct AcceptFieldTests {
    @Test(arguments: [
        ["application/json"], ["APPLICATION/JSON"], ["application/json;q=0.1"], ["application/json; charset=utf-8"],
        ["text/html, application/json"], ["text/html", "application/json"], ["application/json, */*;q=0.8"],
        ["application/json ; q=0.9 , */* ; q=0.1"], ["*/*;q=0, application/json;q=0.5"],
        ["application/json, image/*"], ["application/json, */*;q=no"],
    ])
    func jsonIsPreferred(values: [String]) {
        #expect(AcceptField(values).prefersJSON)
    }

    @Test(arguments: [
        [], [""], ["*/*"], ["application/*"], ["application/*, */*;q=0.1"], ["image/*"], ["text/json"],
        // axios, with every request: https://github.com/axios/axios/issues/3901
        ["application/json, text/plain, */*"],
        ["application/json;q=0.5, */*;q=0.5"], ["application/json;q=0.5, */*"], ["application/json;q=0"],
        ["application/json;q=0.000"], ["application/json", "*/*"], ["application/json;q=2"], ["application/json;q=a"],
        ["application/jsonl"], ["application/geo+json"],
    ])
    func anythingIsAccepted(values: [String]) {
        #expect(!AcceptField(values).prefersJSON)
    }
}
