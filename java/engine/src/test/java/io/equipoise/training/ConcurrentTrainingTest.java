package io.equipoise.training;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import io.equipoise.model.TabularModel;
import io.equipoise.target.Constraint;
import io.equipoise.target.Feature;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.Callable;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.Executors;
import java.util.concurrent.Future;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;

/** Trainers in an application with many threads. */
@Timeout(120)
class ConcurrentTrainingTest {
    private static final int THREADS = 8;

    private static TrainingConfig config() {
        return TrainingConfig.builder()
                .steps(12)
                .batchSize(64)
                .maxTokens(4)
                .momentSamples(1000)
                .learningRate(0.05)
                .checkEvery(3)
                .seed(9)
                .build();
    }

    private static float[] train(TabularModel base) {
        var constraint = Constraint.moment(
                "starts with a", Feature.test(text -> text.startsWith("a")).onPrefixes(), 0.5);
        try (var trainer = Trainer.create(base, TabularModel::text, List.of(constraint), config())) {
            while (!trainer.isFinished()) trainer.step();
            return trainer.policy().parameters().value().toFloats();
        }
    }

    @Test
    void eightTrainersOfOneModelEachDoWhatOneDoesAlone() throws Exception {
        try (var base = TabularModel.random(3, 4, 20)) {
            float[] alone = train(base);
            var together = new CountDownLatch(THREADS);
            Callable<float[]> task = () -> {
                together.countDown();
                together.await();
                return train(base);
            };
            var threads = Executors.newFixedThreadPool(THREADS);
            List<Future<float[]>> futures = new ArrayList<>();
            for (int i = 0; i < THREADS; i++) futures.add(threads.submit(task));
            threads.shutdown();
            for (var future : futures) assertThat(future.get()).containsExactly(alone);
        }
    }

    /** A step that is being made is neither disturbed nor does it lose its memory. */
    @Test
    void aTrainerInUseRefusesOthersAndGoesOn() throws Exception {
        var inside = new CountDownLatch(1);
        var goOn = new CountDownLatch(1);
        var first = new CountDownLatch(2); // the base model's sample, then the step
        var feature = Feature.test(text -> text.startsWith("a")).onPrefixes();
        var waiting = Constraint.moment(
                "waits",
                text -> {
                    if (first.getCount() == 1) {
                        inside.countDown();
                        await(goOn);
                    }
                    return feature.score(text);
                },
                0.5);
        try (var base = TabularModel.random(3, 4, 20);
                var trainer = Trainer.create(base, TabularModel::text, List.of(waiting), config())) {
            first.countDown();
            var thread = Executors.newSingleThreadExecutor();
            var step = thread.submit(trainer::step);
            thread.shutdown();
            inside.await();
            assertThatThrownBy(trainer::step)
                    .isInstanceOf(IllegalStateException.class)
                    .hasMessageContaining("step() was called while step()");
            assertThatThrownBy(trainer::close).hasMessageContaining("close() was called while step()");
            assertThatThrownBy(trainer::checkpoint).hasMessageContaining("one thread at a time");
            first.countDown();
            goOn.countDown();
            assertThat(step.get().loss()).isFinite();
            assertThat(trainer.step().step()).isEqualTo(2);
        }
    }

    private static void await(CountDownLatch latch) {
        try {
            latch.await();
        } catch (InterruptedException e) {
            Thread.currentThread().interrupt();
        }
    }
}
