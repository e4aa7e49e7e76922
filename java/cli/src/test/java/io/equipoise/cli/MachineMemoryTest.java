package io.equipoise.cli;

import static org.assertj.core.api.Assertions.assertThat;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

class MachineMemoryTest {
    private static final long MACHINE = 1L << 34;
    private static final String UNLIMITED = "9223372036854771712";

    @TempDir
    private Path root = Path.of("");

    private void write(String file, String text) throws IOException {
        var path = root.resolve(file);
        Files.createDirectories(path.resolveSibling(""));
        Files.writeString(path, text + "\n");
    }

    private void assertLimit(long bytes) {
        assertThat(MachineMemory.limit(root, MACHINE)).isEqualTo(bytes);
    }

    @Test
    void anotherSystemHasNoGroups() {
        assertLimit(MACHINE);
    }

    @Test
    void containerOfVersion2() throws IOException {
        write("proc/self/cgroup", "0::/");
        write("sys/fs/cgroup/memory.max", "734003200");
        assertLimit(734003200);
        write("sys/fs/cgroup/memory.max", "max");
        assertLimit(MACHINE);
        write("sys/fs/cgroup/memory.max", Long.toString(2 * MACHINE));
        assertLimit(MACHINE);
    }

    /** Slurm limits the job, in which the task's group has no limit of its own. */
    @Test
    void aGroupAroundTheInnermostCounts() throws IOException {
        write("proc/self/cgroup", "0::/slurm/job_7/step_0/task_0");
        write("sys/fs/cgroup/slurm/job_7/memory.max", "4000");
        write("sys/fs/cgroup/slurm/job_7/step_0/memory.max", "5000");
        write("sys/fs/cgroup/slurm/job_7/step_0/task_0/memory.max", "max");
        write("sys/fs/cgroup/slurm/job_8/memory.max", "1");
        assertLimit(4000);
    }

    @Test
    void version1() throws IOException {
        write("proc/self/cgroup", "5:cpu,memory:/docker/abc\n4:pids:/docker/abc\n0::/");
        write("sys/fs/cgroup/memory/memory.limit_in_bytes", UNLIMITED);
        write("sys/fs/cgroup/memory/docker/abc/memory.limit_in_bytes", "3000");
        assertLimit(3000);
    }

    /** In a container the path is the host's, and what is mounted is the container's group. */
    @Test
    void version1InAContainer() throws IOException {
        write("proc/self/cgroup", "4:memory:/docker/abc");
        write("sys/fs/cgroup/memory/memory.limit_in_bytes", "2000");
        assertLimit(2000);
    }

    @Test
    void bothVersionsAtOnce() throws IOException {
        write("proc/self/cgroup", "4:memory:/a\n0::/user.slice");
        write("sys/fs/cgroup/memory/a/memory.limit_in_bytes", UNLIMITED);
        write("sys/fs/cgroup/unified/user.slice/memory.max", "1000");
        assertLimit(1000);
    }

    @Test
    void aGroupOutsideWhatIsMountedLeavesTheMount() throws IOException {
        write("proc/self/cgroup", "nonsense\n0::/../other");
        write("sys/fs/cgroup/memory.max", "6000");
        write("sys/fs/other/memory.max", "1");
        assertLimit(6000);
    }
}
