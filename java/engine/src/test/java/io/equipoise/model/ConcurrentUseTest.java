package io.equipoise.model;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import io.equipoise.memory.NativeMemory;
import io.equipoise.memory.Vector;
import io.equipoise.sampling.Sampler;
import io.equipoise.sampling.SamplerConfig;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.Callable;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.ExecutionException;
import java.util.concurrent.Executors;
import java.util.concurrent.Future;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;

/** One model in an application with many threads. */
@Timeout(300)
class ConcurrentUseTest {
    private static final int THREADS = 8;
    private static final String CLOSED = "the model was used after it was closed";

    private final Sampler sampler = new Sampler(SamplerConfig.of(20, 11));

    private static <T> List<Future<T>> start(Callable<T> task) {
        var threads = Executors.newFixedThreadPool(THREADS);
        var futures = new ArrayList<Future<T>>();
        for (int i = 0; i < THREADS; i++) futures.add(threads.submit(task));
        threads.shutdown();
        return futures;
    }

    @Test
    void eightThreadsSampleWhatOneDoes() throws Exception {
        try (var model = Golden.model("gpt2")) {
            var alone = sampler.sample(model, 40, 3);
            float[][] scores = model.tokenLogProbs(alone.tokens(), alone.promptLength(), 7);
            var together = new CountDownLatch(THREADS);
            var futures = start(() -> {
                together.countDown();
                together.await();
                var own = sampler.sample(model, 40, 3);
                assertThat(own.tokens()).isDeepEqualTo(alone.tokens());
                assertThat(own.tokenLogProb()).isDeepEqualTo(alone.tokenLogProb());
                assertThat(model.tokenLogProbs(own.tokens(), own.promptLength(), 7))
                        .isDeepEqualTo(scores);
                return true;
            });
            for (var future : futures) assertThat(future.get()).isTrue();
        }
    }

    /** All of them get an exception and none a crash; memory goes with the last. */
    @Test
    void closingAModelThatIsInUseStopsItsUsers() throws Exception {
        long before = NativeMemory.liveBytes();
        var begun = new CountDownLatch(THREADS);
        List<Future<Integer>> futures;
        try (var model = Golden.model("gpt2")) {
            futures = start(() -> {
                int samples = 0;
                while (true) {
                    sampler.sample(model, 40, samples);
                    if (samples++ == 0) begun.countDown();
                }
            });
            begun.await();
        }
        for (var future : futures) {
            assertThatThrownBy(future::get)
                    .isInstanceOf(ExecutionException.class)
                    .cause()
                    .isInstanceOf(IllegalStateException.class)
                    .hasMessage(CLOSED);
        }
        assertThat(NativeMemory.liveBytes()).isEqualTo(before);
    }

    @Test
    void aDecoderOutlivesItsModelOnlyToBeClosed() {
        long before = NativeMemory.liveBytes();
        var model = Golden.model("gpt2");
        try (var bos = Vector.of(new int[] {model.config().bosToken()})) {
            var decoder = model.decoder(1, 5);
            decoder.feed(bos);
            model.close();
            assertThatThrownBy(() -> decoder.feed(bos))
                    .isInstanceOf(IllegalStateException.class)
                    .hasMessage(CLOSED);
            decoder.close();
            decoder.close();
        }
        assertThatThrownBy(() -> model.decoder(1, 5)).hasMessage(CLOSED);
        assertThat(NativeMemory.liveBytes()).isEqualTo(before);
    }
}
