package io.equipoise.distributed;

import java.time.Duration;
import org.bytedeco.javacpp.PointerScope;
import org.bytedeco.javacpp.chrono.Milliseconds;
import org.bytedeco.pytorch.Backend;
import org.bytedeco.pytorch.nccl.ProcessGroupNCCL;

/** NCCL, apart from everything else because its class can only be loaded where libtorch is CUDA's. */
final class Nccl {
    private Nccl() {}

    static Backend group(Noticeboard board, Rendezvous rendezvous, Duration patience) {
        try (var scope = new PointerScope();
                var timeout = new Milliseconds(patience.toMillis())) {
            var options = ProcessGroupNCCL.Options.create();
            options.timeout(timeout);
            return new ProcessGroupNCCL(board.store(), rendezvous.rank(), rendezvous.size(), options).retainReference();
        }
    }
}
