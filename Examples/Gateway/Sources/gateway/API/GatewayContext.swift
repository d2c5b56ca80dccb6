import Hummingbird

/// What accompanies a request through the gateway.
struct GatewayContext: RequestContext {
    var coreContext: CoreRequestContextStorage
    /// The id that the answer and the log carry.
    let requestID: String

    init(source: ApplicationRequestContextSource) {
        self.coreContext = CoreRequestContextStorage(source: source)
        let digits = String(UInt64.random(in: .min ... .max), radix: 16)
        self.requestID = String(repeating: "0", count: 16 - digits.count) + digits
    }
}
