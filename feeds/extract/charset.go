package extract

import (
	"bytes"
	"encoding/binary"
	"mime"
	"regexp"
	"strings"
	"unicode/utf16"
	"unicode/utf8"

	"golang.org/x/net/html/charset"
	"golang.org/x/text/encoding"
	"golang.org/x/text/encoding/charmap"
)

// decode turns a page's bytes into valid UTF-8. In order of trust: a byte order
// mark; bytes that are UTF-8 but for a few, whatever a label says; the HTTP
// charset; the document's own label; fallback, which is windows-1258 if empty.
//
// The text is not yet NFC: composing a whole document could join a tag's ">" to
// a mark behind it. Text is composed once it is out of the markup.
func decode(body []byte, mediaType, fallback string) string {
	if text, ok := decodeUTF16(body); ok {
		return text
	}
	body = bytes.TrimPrefix(body, []byte("\xef\xbb\xbf"))
	if utf8.Valid(body) {
		return string(body)
	}
	if mostlyUTF8(body) {
		return strings.ToValidUTF8(string(body), "\uFFFD")
	}
	_, params, _ := mime.ParseMediaType(mediaType)
	for _, label := range []string{params["charset"], ownLabel(body), fallback} {
		if enc := lookup(label); enc != nil {
			return decodeWith(enc, body)
		}
	}
	return decodeWith(charmap.Windows1258, body)
}

func decodeWith(enc encoding.Encoding, body []byte) string {
	text, err := enc.NewDecoder().Bytes(body)
	if err != nil {
		text = body
	}
	return strings.ToValidUTF8(string(text), "\uFFFD")
}

// lookup finds a single- or multi-byte encoding by its label. UTF-8 is not
// returned (the bytes have been seen not to be it), nor is UTF-16, which a label
// in ASCII bytes contradicts.
func lookup(label string) encoding.Encoding {
	if label == "" {
		return nil
	}
	enc, name := charset.Lookup(label)
	if strings.HasPrefix(name, "utf-") {
		return nil
	}
	return enc
}

var labelForm = regexp.MustCompile(`(?i)(?:encoding|charset)\s*=\s*["']?\s*([a-z0-9_:.-]+)`)

// ownLabel returns what the document says in its XML declaration or meta element.
func ownLabel(body []byte) string {
	if m := labelForm.FindSubmatch(body[:min(len(body), 2048)]); m != nil {
		return string(m[1])
	}
	return ""
}

// decodeUTF16 reads UTF-16 with a byte order mark, or without one where every
// second byte of the beginning is zero, as ASCII markup is.
func decodeUTF16(body []byte) (string, bool) {
	var order binary.ByteOrder
	switch {
	case bytes.HasPrefix(body, []byte{0xff, 0xfe}):
		order, body = binary.LittleEndian, body[2:]
	case bytes.HasPrefix(body, []byte{0xfe, 0xff}):
		order, body = binary.BigEndian, body[2:]
	case len(body) >= 4 && body[0] != 0 && body[1] == 0 && body[2] != 0 && body[3] == 0:
		order = binary.LittleEndian
	case len(body) >= 4 && body[0] == 0 && body[1] != 0 && body[2] == 0 && body[3] != 0:
		order = binary.BigEndian
	default:
		return "", false
	}
	units := make([]uint16, len(body)/2)
	for i := range units {
		units[i] = order.Uint16(body[2*i:])
	}
	return string(utf16.Decode(units)), true
}

// mostlyUTF8 reports whether nearly all of the non-ASCII bytes are UTF-8: a cut
// or patched document, not another encoding.
func mostlyUTF8(body []byte) bool {
	good, bad := 0, 0
	for len(body) > 0 {
		r, n := utf8.DecodeRune(body)
		switch {
		case r == utf8.RuneError && n == 1:
			bad++
		case n > 1:
			good++
		}
		body = body[n:]
	}
	return good > 20*bad
}
