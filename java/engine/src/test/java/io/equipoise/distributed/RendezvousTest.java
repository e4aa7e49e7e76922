package io.equipoise.distributed;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import java.nio.file.Path;
import java.util.HashMap;
import java.util.Map;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

class RendezvousTest {
    private static final Map<String, String> TORCHRUN = Map.of(
            "RANK", "5",
            "WORLD_SIZE", "16",
            "LOCAL_RANK", "1",
            "LOCAL_WORLD_SIZE", "4",
            "MASTER_ADDR", "node0",
            "MASTER_PORT", "29501");

    private static final Map<String, String> SLURM = Map.of(
            "SLURM_PROCID", "5",
            "SLURM_NTASKS", "16",
            "SLURM_LOCALID", "1",
            "SLURM_STEP_ID", "0",
            "SLURM_STEP_TASKS_PER_NODE", "4(x4)",
            "SLURM_STEP_NODELIST", "gpu[007-010]");

    private static Map<String, String> with(Map<String, String> environment, String name, String value) {
        var changed = new HashMap<>(environment);
        changed.put(name, value);
        return changed;
    }

    @Test
    void readsWhatStartersSet() {
        var node0 = new Rendezvous.Host("node0", 29501);
        assertThat(Rendezvous.of(TORCHRUN)).contains(new Rendezvous(5, 16, 1, 4, node0));
        // Kubeflow sets no LOCAL_RANK.
        var kubeflow = Map.of("RANK", "1", "WORLD_SIZE", "2", "MASTER_ADDR", "node0", "MASTER_PORT", "29501");
        assertThat(Rendezvous.of(kubeflow)).contains(new Rendezvous(1, 2, 0, 1, node0));
        assertThat(Rendezvous.of(SLURM)).contains(new Rendezvous(5, 16, 1, 4, new Rendezvous.Host("gpu007", 29500)));
        assertThat(Rendezvous.of(with(with(SLURM, "MASTER_ADDR", "node0"), "MASTER_PORT", "29501")))
                .contains(new Rendezvous(5, 16, 1, 4, node0));
        assertThat(Rendezvous.of(with(TORCHRUN, Rendezvous.FILE, "/tmp/meeting")))
                .contains(new Rendezvous(5, 16, 1, 4, new Rendezvous.File(Path.of("/tmp/meeting"))));
    }

    @Test
    void aProcessOnItsOwnIsNone() {
        assertThat(Rendezvous.of(Map.of())).isEmpty();
        assertThat(Rendezvous.of(Map.of("MASTER_ADDR", "node0"))).isEmpty();
        assertThat(Rendezvous.of(Map.of("RANK", " ", "WORLD_SIZE", ""))).isEmpty();
        assertThat(Rendezvous.of(with(SLURM, "SLURM_STEP_ID", ""))).isEmpty();
        assertThat(Rendezvous.of(with(SLURM, "SLURM_NTASKS", "1"))).isEmpty();
    }

    @Test
    void oneOfOneIsOnItsOwn() {
        assertThat(Rendezvous.of(Map.of("RANK", "0", "WORLD_SIZE", "1"))).isEmpty();
        assertThat(Rendezvous.of(Map.of("WORLD_SIZE", "1"))).isEmpty();
        assertThatThrownBy(() ->
                        Rendezvous.of(Map.of("RANK", "1", "WORLD_SIZE", "1", "MASTER_ADDR", "a", "MASTER_PORT", "1")))
                .hasMessageContaining("RANK must be from 0 to WORLD_SIZE - 1 = 0, got 1");
    }

    /** A step may have fewer tasks than its job. */
    @Test
    void theStepsNumberOfTasksCounts() {
        var step = with(SLURM, "SLURM_STEP_NUM_TASKS", "8");
        assertThat(Rendezvous.of(step).orElseThrow().size()).isEqualTo(8);
        assertThat(Rendezvous.source(step)).contains("SLURM_STEP_NUM_TASKS");
        assertThat(Rendezvous.of(with(SLURM, "SLURM_STEP_NUM_TASKS", "1"))).isEmpty();
        assertThat(Rendezvous.source(SLURM)).contains("SLURM_NTASKS");
    }

    /** The numbers of the steps that are a shell: salloc's, a batch script's. */
    @ParameterizedTest
    @CsvSource({"4294967290", "4294967291", "4294967292"})
    void aShellOfSlurmIsOnItsOwn(String step) {
        assertThat(Rendezvous.of(with(SLURM, "SLURM_STEP_ID", step))).isEmpty();
        var older = with(with(SLURM, "SLURM_STEP_ID", ""), "SLURM_STEPID", step);
        assertThat(Rendezvous.of(older)).isEmpty();
        assertThat(Rendezvous.of(with(older, "SLURM_STEPID", "3"))).isPresent();
    }

    @Test
    void saysWhatMakesAProcessOneOfSeveral() {
        assertThat(Rendezvous.marks(TORCHRUN)).isEqualTo("RANK and WORLD_SIZE");
        assertThat(Rendezvous.source(TORCHRUN)).contains("WORLD_SIZE");
        assertThat(Rendezvous.marks(SLURM)).isEqualTo("SLURM_PROCID");
        var both = new HashMap<>(SLURM);
        both.putAll(TORCHRUN);
        assertThat(Rendezvous.marks(both)).isEqualTo("RANK and WORLD_SIZE and SLURM_PROCID");
        assertThat(Rendezvous.source(Map.of())).isEmpty();
    }

    @ParameterizedTest
    @CsvSource({
        "RANK, '', RANK is not set",
        "WORLD_SIZE, '', WORLD_SIZE is not set",
        "MASTER_ADDR, '', MASTER_ADDR is not set",
        "MASTER_PORT, '', MASTER_PORT is not set",
        "RANK, x, 'RANK must be a whole number, got ''x'''",
        "RANK, 16, RANK must be from 0 to WORLD_SIZE - 1 = 15",
        "RANK, -1, RANK must be from 0",
        "WORLD_SIZE, 0, WORLD_SIZE must be >= 1",
        "MASTER_PORT, 70000, MASTER_PORT must be from 1 to 65535",
        "LOCAL_RANK, -1, LOCAL_RANK must be >= 0"
    })
    void halfAnEnvironmentIsRefused(String name, String value, String message) {
        assertThatThrownBy(() -> Rendezvous.of(with(TORCHRUN, name, value)))
                .isInstanceOf(IllegalArgumentException.class)
                .hasMessageContaining(message);
    }

    @ParameterizedTest
    @CsvSource({
        "node1,node1",
        "'node1,node2',node1",
        "'gpu[3,5-7]',gpu3",
        "'gpu[003-007,9],x',gpu003",
        "'a-b[1],c',a-b1",
        "x-y,x-y"
    })
    void theFirstOfSlurmsMachines(String list, String first) {
        assertThat(Rendezvous.firstNode(list)).isEqualTo(first);
    }
}
