import CloakroomDomain
import Testing

struct SecretTests {
    private struct Holder {
        let name = "holder"
        let secret = Secret("hunter2")
    }

    @Test
    func secretIsSeenOnlyWhereItIsAskedFor() {
        let secret = Secret("hunter2")
        #expect(secret.reveal() == "hunter2")
        #expect("\(secret)" == "<redacted>")
        #expect(String(describing: secret) == "<redacted>")
        #expect(String(reflecting: secret) == "<redacted>")
    }

    @Test
    func secretWithinAValueIsNotSeen() {
        let holder = Holder()
        var dumped = ""
        dump(holder, to: &dumped)
        #expect(dumped.contains("holder"))
        for text in ["\(holder)", String(reflecting: holder), "\([holder])", dumped] {
            #expect(!text.contains("hunter2"))
        }
    }
}
