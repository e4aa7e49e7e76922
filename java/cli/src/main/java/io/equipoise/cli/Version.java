package io.equipoise.cli;

import java.io.IOException;
import java.io.UncheckedIOException;
import java.util.Properties;
import picocli.CommandLine.IVersionProvider;

/** The version that the build wrote down. */
final class Version implements IVersionProvider {
    static String equipoise() {
        var properties = new Properties();
        try (var stream = Version.class.getResourceAsStream("version.properties")) {
            if (stream == null) throw new IllegalStateException("the jar lacks version.properties");
            properties.load(stream);
        } catch (IOException e) {
            throw new UncheckedIOException(e);
        }
        return properties.getProperty("equipoise", "unknown");
    }

    @Override
    public String[] getVersion() {
        return new String[] {"equipoise " + equipoise()};
    }
}
