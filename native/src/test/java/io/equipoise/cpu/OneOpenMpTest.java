package io.equipoise.cpu;

import static org.assertj.core.api.Assertions.assertThat;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.stream.Collectors;
import org.bytedeco.pytorch.global.torch;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.condition.EnabledOnOs;
import org.junit.jupiter.api.condition.OS;

/** Two copies of libgomp would be two pools of threads that fight for the same cores. */
@EnabledOnOs(OS.LINUX)
class OneOpenMpTest {
    @Test
    void isSharedWithLibtorch() throws IOException {
        assertThat(InstructionSet.supported()).isNotEmpty(); // loads this library first
        assertThat(torch.get_num_threads()).isPositive();
        try (var maps = Files.lines(Path.of("/proc/self/maps"))) {
            var copies = maps.filter(line -> line.contains("libgomp"))
                    .map(line -> line.substring(line.indexOf('/')))
                    .collect(Collectors.toSet());
            assertThat(copies).as("copies of libgomp in this process").hasSize(1);
        }
    }
}
