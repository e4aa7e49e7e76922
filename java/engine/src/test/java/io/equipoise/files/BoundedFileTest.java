package io.equipoise.files;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

class BoundedFileTest {
    @TempDir
    private Path temporary = Path.of("");

    private Path file(byte[] bytes) throws IOException {
        return Files.write(temporary.resolve("text.txt"), bytes);
    }

    private Path file(String text) throws IOException {
        return file(text.getBytes(StandardCharsets.UTF_8));
    }

    @Test
    void aByteOrderMarkIsNoPartOfTheText() throws IOException {
        assertThat(BoundedFile.text(file("\uFEFFa é\r\n"), 100)).isEqualTo("a é\r\n");
        assertThat(BoundedFile.text(file("a\uFEFF"), 100)).isEqualTo("a\uFEFF");
        assertThat(BoundedFile.text(file(""), 100)).isEmpty();
        assertThat(BoundedFile.text(file("\uFEFF"), 100)).isEmpty();
    }

    @Test
    void otherEncodingsAreNamed() throws IOException {
        var marked = file("time\n".getBytes(StandardCharsets.UTF_16));
        assertThatThrownBy(() -> BoundedFile.text(marked, 100))
                .isInstanceOf(IOException.class)
                .hasMessage("its byte order mark says UTF-16; save it as UTF-8");
        var little = file(new byte[] {(byte) 0xFF, (byte) 0xFE, 'a', 0});
        assertThatThrownBy(() -> BoundedFile.text(little, 100)).hasMessageContaining("UTF-16");
        var unmarked = file("a\nb".getBytes(StandardCharsets.UTF_16LE));
        assertThatThrownBy(() -> BoundedFile.text(unmarked, 100))
                .hasMessageStartingWith("it is no text: line 1 has a NUL")
                .hasMessageEndingWith("save it as UTF-8");
    }

    @Test
    void whatIsNotUtf8IsSaidWithItsLine() throws IOException {
        var latin = file("one\nzwei\nca\u00E9\n".getBytes(StandardCharsets.ISO_8859_1));
        assertThatThrownBy(() -> BoundedFile.text(latin, 100))
                .isInstanceOf(IOException.class)
                .hasMessage("it is not UTF-8: line 3 has the byte 0xE9, which is no character's; save it as UTF-8");
        var cut = file(new byte[] {'a', '\n', (byte) 0xC3});
        assertThatThrownBy(() -> BoundedFile.text(cut, 100)).hasMessageContaining("line 2 has the byte 0xC3");
        assertThatThrownBy(() -> BoundedFile.text(file("12345"), 4)).hasMessage("it has more than 4 bytes");
    }
}
