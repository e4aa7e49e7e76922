package io.equipoise.cli;

import ch.qos.logback.classic.Level;
import ch.qos.logback.classic.Logger;
import ch.qos.logback.classic.LoggerContext;
import ch.qos.logback.classic.encoder.PatternLayoutEncoder;
import ch.qos.logback.classic.spi.ILoggingEvent;
import ch.qos.logback.core.AppenderBase;
import ch.qos.logback.core.FileAppender;
import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.LinkedHashSet;
import java.util.List;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import org.slf4j.LoggerFactory;

/** Log lines go to stderr, past the progress line, and once there is a run folder to a file in it too. */
final class Logs {
    private static final String EARLIER = "earlier";
    /** A line of the file that begins a warning, after its time. */
    private static final Pattern WARNING = Pattern.compile("\\d{4}-\\d\\d-\\d\\d [\\d:.]+ WARN +\\S+ - (.*)");

    private Logs() {}

    /** Everything logged before is undone, so that commands in one process don't write to each other's streams. */
    static void to(Console console) {
        var context = (LoggerContext) LoggerFactory.getILoggerFactory();
        context.reset();
        var appender = new ConsoleAppender(console);
        appender.setContext(context);
        appender.start();
        Logger root = context.getLogger(org.slf4j.Logger.ROOT_LOGGER_NAME);
        root.setLevel(Level.WARN);
        root.addAppender(appender);
        var earlier = new Earlier();
        earlier.setContext(context);
        earlier.setName(EARLIER);
        earlier.start();
        root.addAppender(earlier);
        // It warns at every start that there is no CUDA driver, which the tokenizer doesn't need.
        context.getLogger("ai.djl").setLevel(console.verbose() ? Level.WARN : Level.ERROR);
        context.getLogger("io.equipoise").setLevel(console.verbose() ? Level.DEBUG : Level.INFO);
    }

    /** Nothing but errors from here on: another process says the rest. */
    static void onlyErrors() {
        var context = (LoggerContext) LoggerFactory.getILoggerFactory();
        context.getLogger("io.equipoise").setLevel(Level.ERROR);
    }

    /** Logs to a file too, with times and stack traces; what was logged before there was one comes first. */
    static void alsoTo(Path file) {
        var context = (LoggerContext) LoggerFactory.getILoggerFactory();
        var encoder = new PatternLayoutEncoder();
        encoder.setContext(context);
        encoder.setCharset(StandardCharsets.UTF_8);
        encoder.setPattern("%d{yyyy-MM-dd HH:mm:ss.SSS} %-5level %logger{0} - %msg%n%ex");
        encoder.start();
        var appender = new FileAppender<ILoggingEvent>();
        appender.setContext(context);
        appender.setFile(file.toString());
        appender.setEncoder(encoder);
        appender.start();
        Logger root = context.getLogger(org.slf4j.Logger.ROOT_LOGGER_NAME);
        if (root.getAppender(EARLIER) instanceof Earlier earlier) {
            root.detachAppender(earlier);
            earlier.events.forEach(appender::doAppend);
        }
        root.addAppender(appender);
    }

    /** What was warned of in such a file, in that order, each thing once. */
    static List<String> warnings(Path file) throws IOException {
        var warnings = new LinkedHashSet<String>();
        if (!Files.exists(file)) return List.of();
        // Whatever is in it must not end a run.
        new String(Files.readAllBytes(file), StandardCharsets.UTF_8)
                .lines()
                .map(WARNING::matcher)
                .filter(Matcher::matches)
                .forEach(match -> warnings.add(match.group(1)));
        return List.copyOf(warnings);
    }

    /** Ends all logging, files included. */
    static void stop() {
        ((LoggerContext) LoggerFactory.getILoggerFactory()).reset();
    }

    /** Keeps what is logged until there is a file. */
    private static final class Earlier extends AppenderBase<ILoggingEvent> {
        private final List<ILoggingEvent> events = new ArrayList<>();

        @Override
        protected void append(ILoggingEvent event) {
            events.add(event);
        }
    }

    /** Stack traces are for the file, or for those who ask. */
    private static final class ConsoleAppender extends AppenderBase<ILoggingEvent> {
        private final Console console;

        ConsoleAppender(Console console) {
            this.console = console;
        }

        @Override
        protected void append(ILoggingEvent event) {
            if (event.getMarkerList() != null && event.getMarkerList().contains(Failures.TOLD)) return;
            String level = event.getLevel().isGreaterOrEqual(Level.WARN)
                    ? event.getLevel().toString().toLowerCase(java.util.Locale.ROOT) + ": "
                    : "";
            console.say(level + event.getFormattedMessage());
        }
    }
}
