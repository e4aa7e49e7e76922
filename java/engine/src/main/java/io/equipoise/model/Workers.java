package io.equipoise.model;

import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.ExecutionException;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import java.util.concurrent.Future;
import java.util.concurrent.atomic.AtomicInteger;
import java.util.function.ObjIntConsumer;
import org.bytedeco.openblas.presets.openblas_nolapack;
import org.bytedeco.pytorch.global.torch;

/**
 * The process's threads for work on sequences that don't depend on each other. One thread a core, each with single-threaded
 * libraries, beats one computation spread over the cores when products are small: nothing waits at barriers. Work that is
 * a single task stays on the caller's thread, where the libraries use every core.
 *
 * <p>Task i always runs on worker i mod {@link #count()}, so what a worker adds up does not depend on timing.
 */
public final class Workers {
    private static final int COUNT = Math.max(1, Integer.getInteger("equipoise.threads", processors()));
    /** Calls in flight that use the workers; the matrix library's number of threads is one for the whole process. */
    private static final AtomicInteger BUSY = new AtomicInteger();

    private static final ExecutorService[] THREADS = threads();

    private Workers() {}

    private static int processors() {
        return Runtime.getRuntime().availableProcessors();
    }

    private static ExecutorService[] threads() {
        Libtorch.setThreads(COUNT);
        Libtorch.setProductThreads(COUNT);
        var threads = new ExecutorService[COUNT];
        var started = new CountDownLatch(COUNT);
        for (int i = 0; i < COUNT; i++) {
            String name = "equipoise-worker-" + i;
            threads[i] = Executors.newSingleThreadExecutor(task -> new SingleThreaded(task, name));
            threads[i].execute(started::countDown);
        }
        try {
            started.await();
        } catch (InterruptedException e) {
            Thread.currentThread().interrupt();
            throw new IllegalStateException("interrupted while starting workers", e);
        }
        // The workers have set the process's default to 1 as well.
        Libtorch.setThreads(COUNT);
        return threads;
    }

    /** A thread on which libtorch uses no other. A class of its own: it runs while {@link Workers} is being initialised. */
    private static final class SingleThreaded extends Thread {
        SingleThreaded(Runnable task, String name) {
            super(task, name);
            setDaemon(true);
        }

        @Override
        public void run() {
            // libtorch reads the process's setting on a thread's first use, then keeps the thread's own.
            Libtorch.threads();
            Libtorch.setThreads(1);
            super.run();
        }
    }

    /**
     * libtorch's settings. Where models aren't its own it needn't be on the class path, and has no threads to be told of. A
     * class of its own, as above.
     */
    private static final class Libtorch {
        private static final boolean IS_THERE = Device.CPU.unavailable().isEmpty();

        /** Of the calling thread's operations. */
        static int threads() {
            return IS_THERE ? torch.get_num_threads() : 1;
        }

        /** Of the calling thread's operations. */
        static void setThreads(int count) {
            if (IS_THERE) torch.set_num_threads(count);
        }

        /** Of matrix products, whoever calls. */
        static void setProductThreads(int count) {
            if (IS_THERE) openblas_nolapack.blas_set_num_threads(count);
        }
    }

    /** How many there are: the machine's processors, or the system property {@code equipoise.threads}. */
    public static int count() {
        return COUNT;
    }

    /**
     * Runs tasks 0 … n−1 and waits for all of them.
     *
     * @param task gets the worker's number, below {@link #count()}, and the task's
     * @throws RuntimeException what the first failing task threw, after all have ended
     */
    public static void run(int tasks, ObjIntConsumer<Integer> task) {
        if (tasks == 1 || COUNT == 1) {
            for (int i = 0; i < tasks; i++) task.accept(0, i);
            return;
        }
        if (BUSY.getAndIncrement() == 0) Libtorch.setProductThreads(1);
        try {
            var futures = new ArrayList<Future<?>>();
            for (int i = 0; i < tasks; i++) {
                int index = i;
                int worker = i % COUNT;
                futures.add(THREADS[worker].submit(() -> task.accept(worker, index)));
            }
            await(futures);
        } finally {
            if (BUSY.decrementAndGet() == 0) Libtorch.setProductThreads(COUNT);
        }
    }

    private static void await(List<Future<?>> futures) {
        RuntimeException failure = null;
        for (var future : futures) {
            try {
                future.get();
            } catch (ExecutionException e) {
                if (failure == null) {
                    failure = e.getCause() instanceof RuntimeException runtime
                            ? runtime
                            : new IllegalStateException("a worker failed: " + e.getCause(), e.getCause());
                }
            } catch (InterruptedException e) {
                Thread.currentThread().interrupt();
                throw new IllegalStateException("interrupted while waiting for workers", e);
            }
        }
        if (failure != null) throw failure;
    }
}
