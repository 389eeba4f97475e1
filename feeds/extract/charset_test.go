package extract

import (
	"bytes"
	"encoding/binary"
	"strings"
	"testing"
	"unicode/utf16"
	"unicode/utf8"

	"golang.org/x/text/unicode/norm"

	"gomtin/feeds"
)

// toUTF16 encodes s, with a byte order mark if s begins with one.
func toUTF16(order binary.AppendByteOrder, s string) string {
	var b []byte
	for _, unit := range utf16.Encode([]rune(s)) {
		b = order.AppendUint16(b, unit)
	}
	return string(b)
}

// "Sở Y tế" in windows-1258, which writes most tones behind their vowels.
const soYTe1258 = "S\xf5\xd2 Y t\xea\xec"

func TestDecode(t *testing.T) {
	le, be := binary.LittleEndian, binary.BigEndian
	tests := []struct{ name, body, mediaType, fallback, want string }{
		{"UTF-8", "Sở Y tế", "text/html; charset=utf-8", "", "Sở Y tế"},
		{"UTF-8 without any label", "Sở Y tế", "", "", "Sở Y tế"},
		{"UTF-8 with a byte order mark", "\xef\xbb\xbfSở Y tế", "", "", "Sở Y tế"},
		{"UTF-8 that HTTP calls Latin", "Sở Y tế", "text/xml; charset=iso-8859-1", "", "Sở Y tế"},
		{"UTF-8 that calls itself windows-1258", `<?xml version="1.0" encoding="windows-1258"?>Sở Y tế`, "", "windows-1258", `<?xml version="1.0" encoding="windows-1258"?>Sở Y tế`},
		{"UTF-8 that calls itself UTF-16", `<?xml version="1.0" encoding="utf-16"?>Sở Y tế`, "text/xml; charset=utf-16", "", `<?xml version="1.0" encoding="utf-16"?>Sở Y tế`},
		{"plain letters", "So Y te", "text/html; charset=tcvn3", "vni", "So Y te"},
		{"windows-1258 by HTTP", soYTe1258, "text/html; charset=windows-1258", "", "Sở Y tế"},
		{"windows-1258 by HTTP, quoted and in capitals", soYTe1258, `text/html; Charset="WINDOWS-1258"`, "", "Sở Y tế"},
		{"windows-1258 by the declaration", `<?xml version="1.0" encoding='windows-1258'?>` + soYTe1258, "text/xml", "", `<?xml version="1.0" encoding='windows-1258'?>Sở Y tế`},
		{"windows-1258 by the meta element", `<meta charset=windows-1258>` + soYTe1258, "", "", `<meta charset=windows-1258>Sở Y tế`},
		{"windows-1258 by the old meta element", `<meta http-equiv="Content-Type" content="text/html; charset=windows-1258">` + soYTe1258, "text/html", "", `<meta http-equiv="Content-Type" content="text/html; charset=windows-1258">Sở Y tế`},
		{"windows-1258 by the source", soYTe1258, "text/html", "windows-1258", "Sở Y tế"},
		{"windows-1258 where nobody says", soYTe1258, "", "", "Sở Y tế"},
		{"HTTP is believed before the document", `<meta charset=windows-1251>` + soYTe1258, "text/html; charset=windows-1258", "", `<meta charset=windows-1251>Sở Y tế`},
		{"the document is believed before the source", `<meta charset=windows-1258>` + soYTe1258, "", "windows-1251", `<meta charset=windows-1258>Sở Y tế`},
		{"a label that is none", soYTe1258, "text/html; charset=abc", "", "Sở Y tế"},
		{"a media type that can't be read", soYTe1258, "text/html; charset", "", "Sở Y tế"},
		{"UTF-16 LE with a byte order mark", toUTF16(le, "\ufeff<p>Sở Y tế 😀"), "", "", "<p>Sở Y tế 😀"},
		{"UTF-16 BE with a byte order mark", toUTF16(be, "\ufeff<p>Sở Y tế 😀"), "", "", "<p>Sở Y tế 😀"},
		{"UTF-16 LE without one", toUTF16(le, "<p>Sở Y tế"), "", "", "<p>Sở Y tế"},
		{"UTF-16 BE without one", toUTF16(be, "<p>Sở Y tế"), "", "", "<p>Sở Y tế"},
		{"UTF-16 with a mark although HTTP says UTF-8", toUTF16(le, "\ufeffSở Y tế"), "text/html; charset=utf-8", "", "Sở Y tế"},
		{"UTF-16 cut within a letter", toUTF16(le, "\ufeffSở")[:5], "", "", "S"},
		{"UTF-16 cut within a pair", toUTF16(le, "\ufeffa😀")[:6], "", "", "a\ufffd"},
		{"UTF-8 cut within a letter", strings.Repeat("Sở Y tế ", 30) + "S\xe1\xbb", "text/html; charset=utf-8", "", strings.Repeat("Sở Y tế ", 30) + "S\ufffd"},
		{"UTF-8 with a bad byte that nobody labels", strings.Repeat("Sở Y tế ", 30) + "\xff", "", "", strings.Repeat("Sở Y tế ", 30) + "\ufffd"},
		{"UTF-8 with a bad byte that says so, whatever the source's charset", `<meta charset="utf-8">` + strings.Repeat("Sở Y tế ", 30) + "\xff", "text/html; charset=utf-8", "windows-1258",
			`<meta charset="utf-8">` + strings.Repeat("Sở Y tế ", 30) + "\ufffd"},
		{"empty", "", "text/html; charset=windows-1258", "windows-1258", ""},
		{"a byte order mark alone", "\xff\xfe", "", "", ""},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			if got := norm.NFC.String(decode([]byte(tt.body), tt.mediaType, tt.fallback)); got != tt.want {
				t.Errorf("decode(%q, %q, %q)\n got %q\nwant %q", tt.body, tt.mediaType, tt.fallback, got, tt.want)
			}
		})
	}
}

// TestReadCharsets reads the same feed from the bytes of every charset.
func TestReadCharsets(t *testing.T) {
	const body = `<rss version="2.0"><channel><title>x</title><item><title>Sở Y tế</title><link>/1</link></item></channel></rss>`
	declared := func(charset string) string { return `<?xml version="1.0" encoding="` + charset + `"?>` + body }
	tests := []struct{ name, body, mediaType, fallback string }{
		{"UTF-8", declared("utf-8"), "application/rss+xml", ""},
		{"UTF-8 declared as Latin", declared("iso-8859-1"), "text/xml; charset=iso-8859-1", ""},
		{"UTF-8 declared as windows-1258", declared("windows-1258"), "", ""},
		{"UTF-8 declared as UTF-16", declared("utf-16"), "", ""},
		{"UTF-8 declared as what nobody knows", declared("unicode"), "", ""},
		{"windows-1258 declared", strings.ReplaceAll(declared("windows-1258"), "Sở Y tế", soYTe1258), "text/xml", ""},
		{"windows-1258 declared as UTF-8", strings.ReplaceAll(declared("utf-8"), "Sở Y tế", soYTe1258), "text/xml; charset=utf-8", ""},
		{"windows-1258 by the source", strings.ReplaceAll(body, "Sở Y tế", soYTe1258), "text/xml", "windows-1258"},
		{"UTF-16 LE with a mark", toUTF16(binary.LittleEndian, "\ufeff"+declared("utf-16")), "", ""},
		{"UTF-16 LE without one", toUTF16(binary.LittleEndian, declared("utf-16")), "", ""},
		{"UTF-16 BE with a mark", toUTF16(binary.BigEndian, "\ufeff"+declared("utf-16")), "", ""},
		{"UTF-16 BE without one", toUTF16(binary.BigEndian, declared("utf-16")), "", ""},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			src := testSource
			src.Charset = tt.fallback
			page := &feeds.Page{URL: feedURL, MediaType: tt.mediaType, Body: []byte(tt.body)}
			doc, err := Read(src, page)
			if err != nil {
				t.Fatal(err)
			}
			if got := titles(doc); got != "Sở Y tế" {
				t.Errorf("titles %q, want Sở Y tế", got)
			}
			if form := FormOf(page); form != FormFeed {
				t.Errorf("FormOf = %s, want feed", form)
			}
		})
	}
}

func FuzzDecode(f *testing.F) {
	f.Add([]byte("Sở Y tế"), "text/html; charset=utf-8", "")
	f.Add([]byte(`<?xml encoding="windows-1258"?>`+soYTe1258), "text/xml", "windows-1258")
	f.Add([]byte(toUTF16(binary.LittleEndian, "\ufeff<p>😀")), "", "")
	f.Add([]byte(toUTF16(binary.BigEndian, "<p>ở"))[:7], "text/html;charset=shift_jis", "gb18030")
	f.Add([]byte("\xef\xbb\xbfa\xffb"), "x; charset=iso-2022-jp", "big5")
	f.Fuzz(func(t *testing.T, body []byte, mediaType, fallback string) {
		text := decode(body, mediaType, fallback)
		if !utf8.ValidString(text) {
			t.Errorf("decode(%q, %q, %q) = %q, which is not UTF-8", body, mediaType, fallback, text)
		}
		if want := strings.TrimPrefix(string(body), "\ufeff"); utf8.Valid(body) && !bytes.ContainsRune(body, 0) && text != want {
			t.Errorf("decode(%q, %q, %q) = %q, but the bytes are UTF-8 already", body, mediaType, fallback, text)
		}
	})
}
