package io.equipoise.cuda.ptx;

import io.equipoise.cuda.ptx.Lexer.Token;
import java.util.List;

/** The words of a PTX file, read one after the other. */
final class Tokens {
    private final List<Token> tokens;
    private int next;

    Tokens(List<Token> tokens) {
        this.tokens = tokens;
    }

    /** The one after the next. */
    Token afterNext() {
        return tokens.get(next + 1);
    }

    /** The next one. */
    Token peek() {
        return tokens.get(next);
    }

    /** The next one, which is then behind. */
    Token take() {
        return tokens.get(next++);
    }

    /** Takes the next one if it is this. */
    boolean accept(String text) {
        if (!peek().is(text)) return false;
        next++;
        return true;
    }

    /** Takes the next one, which must be this. */
    void expect(String text) {
        if (!accept(text)) throw unexpected("'" + text + "'");
    }

    /** That the next one is something else. */
    Fault unexpected(String wanted) {
        return Fault.unreadable(peek().line(), "expected " + wanted + ", got '" + peek().text() + "'");
    }

    /** A whole number. */
    long integer() {
        boolean negative = accept("-");
        var token = take();
        var text = token.text().replaceAll("U$", "");
        try {
            long value;
            if (text.startsWith("0x") || text.startsWith("0X")) value = Long.parseUnsignedLong(text.substring(2), 16);
            else if (text.startsWith("0b")) value = Long.parseUnsignedLong(text.substring(2), 2);
            else if (text.length() > 1 && text.startsWith("0")) value = Long.parseUnsignedLong(text, 8);
            else value = Long.parseUnsignedLong(text);
            return negative ? -value : value;
        } catch (NumberFormatException e) {
            throw Fault.unreadable(token.line(), "expected a number, got " + token.text());
        }
    }

    /** A version number. */
    void number() {
        if (!take().isNumber()) throw unexpected("a number");
        if (peek().text().startsWith(".") && Character.isDigit(peek().text().charAt(1))) take();
    }

    /** The type that a directive names. */
    Type type(Token token) {
        return Type.named(token.text().substring(1))
                .orElseThrow(() -> Fault.unreadable(token.line(), "unknown type " + token.text()));
    }

    /** A name, opcode or directive. */
    String word() {
        if (!peek().isWord()) throw unexpected("a name");
        return take().text();
    }
}
