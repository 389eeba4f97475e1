package extract

import (
	"net/url"
	"regexp"
	"strings"
	"testing"

	"golang.org/x/net/html"
)

var testBase, _ = url.Parse("http://syt.example.vn/vi/news/tin-1.html")

func TestSanitize(t *testing.T) {
	tests := []struct{ name, in, want string }{
		{"scripts and their text go", `<p>a<script>alert(1)</script>b</p>`, `<p>ab</p>`},
		{"handlers go", `<p onclick="x()">a</p><img src="/a.jpg" onerror="x()" alt="A">`, `<p>a</p><img src="http://syt.example.vn/a.jpg" alt="A"/>`},
		{"javascript addresses go", `<a href="java&#10;script:x()">a</a><a href=" javascript:x()">b</a>`, `ab`},
		{"addresses become absolute", `<a href="../van-ban/?id=7&amp;utm_source=x">a</a>`, `<a href="http://syt.example.vn/vi/van-ban/?id=7">a</a>`},
		{"broken schemes are mended", `<a href="http:/syt.example.vn/x">a</a><a href="//cdn.vn/x">b</a>`, `<a href="http://syt.example.vn/x">a</a><a href="http://cdn.vn/x">b</a>`},
		{"mail and telephone stay", `<a href="mailto:a@b.vn">a</a><a href="tel:+84256">b</a>`, `<a href="mailto:a@b.vn">a</a><a href="tel:+84256">b</a>`},
		{"pictures keep their size", `<img src="a.jpg" width="600px" height="253" alt="">`, `<img src="http://syt.example.vn/vi/news/a.jpg" width="600" height="253" alt=""/>`},
		{"lazy pictures get their source", `<img src="data:image/gif;base64,R0" data-src="/b.jpg" alt="b">`, `<img src="http://syt.example.vn/b.jpg" alt="b"/>`},
		{"counting pixels go", `<p>a<img src="http://t.vn/p.gif" width="1" height="1"></p>`, `<p>a</p>`},
		{"hidden pictures and known counters go", `<p>a<img src="/p.gif" style="width:1px;height:1px"><img src="https://www.facebook.com/tr?id=1"></p>`, `<p>a</p>`},
		{"players without a source go", `<p>a</p><audio></audio><video><source></video>`, `<p>a</p>`},
		{"open tags are closed", `<table><tr><td>a<b>b`, `<table><tbody><tr><td>a<b>b</b></td></tr></tbody></table>`},
		{"misnested tags are mended", `<b>a<i>b</b>c</i>`, `<b>a<i>b</i></b><i>c</i>`},
		{"empty paragraphs go", `<p>&nbsp;</p><p>a</p><p></p><div> <p> </p></div>`, `<p>a</p>`},
		{"forms and frames go", `<form action="x"><input name="a">b</form><iframe src="http://x.vn"></iframe>`, `b`},
		{"SVG and MathML go", `<svg><a xlink:href="javascript:x()"><text>a</text></a></svg><math><mi>x</mi></math><p>b</p>`, `<p>b</p>`},
		{"style goes", `<p style="position:fixed">a</p><style>p{}</style>`, `<p>a</p>`},
		{"text is composed", "<p>Vie\u0323\u0302t</p>", "<p>Việt</p>"},
		{"comments go", `a<!-- b --><![CDATA[c]]>`, `a`},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			if got := string(Sanitize(tt.in, testBase)); got != tt.want {
				t.Errorf("Sanitize(%q)\n got %q\nwant %q", tt.in, got, tt.want)
			}
		})
	}
}

func TestSanitizeTooDeep(t *testing.T) {
	got := string(Sanitize(strings.Repeat("<div>", 600)+"sâu<script>x</script>", testBase))
	if got != "<p>sâu</p>" {
		t.Errorf("a page deeper than the parser allows gives %q, want its text", got)
	}
}

var acting = regexp.MustCompile(`(?i)^(script|style|iframe|object|embed|form|input|button|svg|math|link|meta|base|template|noscript)$`)

// FuzzSanitize holds the invariants: safe after safe is the same, output parses
// to itself, nothing that acts is left, and it grows no more than twofold plus
// what absolute addresses add.
func FuzzSanitize(f *testing.F) {
	f.Add(`<p onclick=x>a<b>b<i>c</b></i><a href="javascript:1">d</a><img src=x width=1>`)
	f.Add(`<math><mtext><table><mglyph><style><!--</style><img title="--&gt;&lt;img src=1 onerror=alert(1)&gt;">`)
	f.Add(`<svg></p><style><a id="</style><img src=1 onerror=alert(1)>">`)
	f.Add(`<table><td><p>x<table><td>y`)
	f.Fuzz(func(t *testing.T, s string) {
		once := string(Sanitize(s, testBase))
		if twice := string(Sanitize(once, testBase)); twice != once {
			t.Errorf("not the same twice: %q\nonce  %q\ntwice %q", s, once, twice)
		}
		nodes, err := fragment(once)
		if err != nil {
			t.Fatalf("the output does not parse: %v", err)
		}
		for _, n := range nodes {
			checkSafe(t, n)
		}
	})
}

func checkSafe(t *testing.T, n *html.Node) {
	if n.Type == html.ElementNode {
		if acting.MatchString(n.Data) {
			t.Errorf("<%s> is left", n.Data)
		}
		for _, a := range n.Attr {
			if strings.HasPrefix(a.Key, "on") || a.Key == "style" || strings.Contains(strings.ToLower(strings.TrimSpace(a.Val)), "javascript:") && a.Key == "href" && !strings.HasPrefix(a.Val, "http") {
				t.Errorf("attribute %s=%q is left", a.Key, a.Val)
			}
		}
	}
	for c := n.FirstChild; c != nil; c = c.NextSibling {
		checkSafe(t, c)
	}
}
