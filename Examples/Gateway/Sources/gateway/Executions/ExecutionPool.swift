import ServiceLifecycle

/// Carries out executions: some at once, the others in the order of their submission.
struct ExecutionPool: Service {
    private let executions: Executions
    private let runner: ExecutionRunner
    private let limit: Int
    private let jobs: AsyncStream<Job>
    private let queue: AsyncStream<Job>.Continuation

    /// - Parameters:
    ///   - executions: Where the executions stand.
    ///   - runner: Does the work.
    ///   - limit: How many executions go on at once.
    init(executions: Executions, runner: ExecutionRunner, limit: Int) {
        let (jobs, queue) = AsyncStream.makeStream(of: Job.self)
        self.executions = executions
        self.runner = runner
        self.limit = limit
        self.jobs = jobs
        self.queue = queue
    }

    /// Puts an execution at the end of the queue; balances bound how many wait there.
    func enqueue(_ job: Job) {
        self.queue.yield(job)
    }

    /// Works until the service group shuts down; what is under way then is ended, its commands too.
    func run() async throws {
        await withGracefulShutdownHandler {
            await self.work()
        } onGracefulShutdown: {
            self.queue.finish()
        }
    }

    private func work() async {
        await withTaskGroup(of: Void.self) { group in
            var running = 0
            for await job in self.jobs {
                guard !Task.isShuttingDownGracefully else { break }
                if running == self.limit {
                    _ = await group.next()
                    running -= 1
                }
                group.addTask { await self.perform(job) }
                running += 1
            }
            group.cancelAll()
        }
    }

    private func perform(_ job: Job) async {
        // One that was cancelled while it waited is none any more.
        guard self.executions.apply(.begin, to: job.id) else { return }
        let task = Task {
            let event = await self.runner.run(job)
            let isWanted = self.executions.apply(event, to: job.id)
            if !isWanted, case .complete(let outcome, _) = event { await self.runner.discard(outcome, of: job) }
        }
        self.executions.attach(task, to: job.id)
        await withTaskCancellationHandler {
            await task.value
        } onCancel: {
            task.cancel()
        }
    }
}
