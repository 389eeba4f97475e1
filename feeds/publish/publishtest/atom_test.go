package publishtest

import (
	"strings"
	"testing"
)

func TestAtomFindsEachViolation(t *testing.T) {
	run(t, good(t, "good.atom"), Atom, []mutation{
		// the document
		{`<?xml version="1.0" encoding="utf-8"?>`, ``, ruleUTF8},
		{`encoding="utf-8"`, `encoding="ISO-8859-1"`, ruleUTF8},
		{`Tóm tắt`, "T\xf3m", ruleUTF8},
		{`Tóm tắt`, "T\x0bm", ruleChars},
		{`Tóm tắt`, "T&#8;m", ruleChars},
		{`</summary>`, `</Summary>`, ruleWellFormed},
		{`</feed>`, `</feed><feed/>`, ruleWellFormed},
		{`</feed>`, `</feed>x`, ruleWellFormed},
		{`<summary>`, `<summary type="text" type="text">`, ruleWellFormed},
		{`Tóm tắt`, `Tóm & tắt`, ruleWellFormed},
		{`<media:thumbnail`, `<thr:total>1</thr:total><media:thumbnail`, ruleNamespaces},
		{`<media:thumbnail`, `<media:thumbnail x:y="1"`, ruleNamespaces},
		{`Tóm tắt`, "To\u0301m tắt", ruleNFC},
		{`Chữ`, "Chu\u031b\u0303", ruleNFC},
		{`Chữ`, "Chu&amp;#x31b;&amp;#x303;", ruleNFC},
		{`label="Giáo dục"`, "label=\"Gia\u0301o dục\"", ruleNFC},
		{`xml:lang="vi"`, `xml:lang="vi_VN"`, ruleLanguage},
		{`<feed xmlns="http://www.w3.org/2005/Atom"`, `<feed xmlns="http://purl.org/atom/ns#"`, "RFC 4287 §2"},

		{`<feed xmlns`, `<feed xml:base="/" xmlns`, ruleLink},
		{`<rights>`, `<?xml version="1.0"?><rights>`, ruleWellFormed},
		{`<rights>`, `<rights xmlns:y="">`, ruleWellFormed},

		// what a feed, an entry and a person hold
		{`<title>Giáo dục</title>`, ``, "atom:feed has exactly one atom:title"},
		{`<title>Giáo dục</title>`, `<title>A</title><title>B</title>`, "atom:feed has exactly one atom:title"},
		{`<id>tag:gomtin.example,2026:topic/giao-duc</id>`, ``, "atom:feed has exactly one atom:id"},
		{`<updated>2026-03-02T08:00:00+07:00</updated>`, ``, "atom:feed has exactly one atom:updated"},
		{`<icon>`, `<icon>https://gomtin.example/</icon><icon>`, "atom:feed has at most one atom:icon"},
		{`<id>tag:gomtin.example,2026-03-01:8</id>`, ``, "atom:entry has exactly one atom:id"},
		{`<updated>2026-03-01T01:00:00Z</updated>`, ``, "atom:entry has exactly one atom:updated"},
		{`<published>`, `<published>2026-03-01T08:00:00+07:00</published><published>`, "atom:entry has at most one atom:published"},
		{`<name>Nguyễn Văn A</name>`, ``, "atom:author has exactly one atom:name"},
		{`<summary>Tóm tắt</summary>`, `<summary>Tóm tắt</summary><description>a</description>`, "§4.1.2: an element holds only the elements"},
		{`<category term="tuyen-sinh"/>`, `<category term="tuyen-sinh"><title>x</title></category>`, "§4.2.2: an element holds only the elements"},
		{`<summary>`, `<summary lang="vi">`, "§3.1: an element has only the attributes"},
		{`<entry>`, `<entry>Tin`, "§4.1.2: an element that holds elements has no text"},
		{`<author><name>C</name></author>`, ``, "an atom:entry has an atom:author"},
		{`<link rel="self" type="application/atom+xml" href="https://gomtin.example/giao-duc.atom"/>`, ``, "an atom:feed has an atom:link rel=self"},
		{`<link rel="alternate" href="https://bao.example/tin/9"/>`, ``, ruleAlternate},
		{`<link href="https://bao.example/tin/8"/>`, `<link href="https://bao.example/tin/8"/><link rel="alternate" href="https://bao.example/m/8"/>`, "no two alternate links"},
		{`<summary>Ở nơi khác</summary>`, ``, "has an atom:summary if its content is elsewhere"},

		// values
		{`<id>tag:gomtin.example,2026-03-01:8</id>`, `<id>urn:uuid:60a76c80-d399-11d9-b93c-0003939e0af6</id>`, ruleUniqueID},
		{`tag:gomtin.example,2026-03-01:8`, `bai-8`, "an atom:id is an absolute IRI"},
		{`tag:gomtin.example,2026-03-01:8`, `tag:gomtin.example:8`, "an atom:id is an absolute IRI"},
		{`tag:gomtin.example,2026-03-01:8`, `tag:gomtin.example,2026-02-30:8`, "an atom:id is an absolute IRI"},
		{`tag:gomtin.example,2026-03-01:8`, `tag:gomtin.example,2999:8`, "an atom:id is an absolute IRI"},
		{`tag:gomtin.example,2026-03-01:8`, `tag:gomtin.example,2026-03-01:bài 8`, "an atom:id is an absolute IRI"},
		{`<id>https://bao.example/tin/10</id>`, `<id>https://BAO.example/tin/10</id>`, "an atom:id is in normal form"},
		{`<id>https://bao.example/tin/10</id>`, `<id>HTTPS://bao.example/tin/10</id>`, "an atom:id is in normal form"},
		{`<id>https://bao.example/tin/10</id>`, `<id>https://bao.example</id>`, "an atom:id is in normal form"},
		{`<id>https://bao.example/tin/10</id>`, `<id>https://bao.example/a/../10</id>`, "an atom:id is in normal form"},
		{`<id>https://bao.example/tin/10</id>`, `<id>https://bao.example/%e1</id>`, "an atom:id is in normal form"},
		{`<id>https://bao.example/tin/10</id>`, `<id>https://bao.example/%1</id>`, "an atom:id is an absolute IRI"},
		{`<id>https://bao.example/tin/10</id>`, `<id>urn:8</id>`, "an atom:id is an absolute IRI"},
		{`<id>https://bao.example/tin/10</id>`, `<id>x:</id>`, "an atom:id is an absolute IRI"},
		{`<updated>2026-03-01T01:00:00Z<`, `<updated>2026-03-01 01:00:00Z<`, "§3.3"},
		{`<updated>2026-03-01T01:00:00Z<`, `<updated> 2026-03-01T01:00:00Z<`, "§3.3"},
		{`<updated>2026-03-01T01:00:00Z<`, `<updated>2026-02-29T01:00:00Z<`, "§3.3"},
		{`<updated>2026-03-02T08:00:00+07:00`, `<updated>2999-03-02T08:00:00+07:00`, ruleFuture},
		{`<updated>2026-03-02T08:00:00+07:00`, `<updated>2026-03-02T07:59:59+07:00`, "an atom:feed is updated no earlier than its entries"},
		{`<published>2026-03-01T08:00:00+07:00`, `<published>2026-03-02T08:00:01+07:00`, ruleOrder},
		{`Nguyễn Văn A`, ` `, ruleEmpty},
		{`Tóm tắt`, ``, ruleEmpty},
		{`term="tuyen-sinh"`, `term=""`, ruleEmpty},
		{`term="tuyen-sinh"`, ``, "an atom:category has a term"},
		{`scheme="https://gomtin.example/topics"`, `scheme="topics"`, "a scheme is an IRI"},
		{`<email>a@bao.example`, `<email>a (A)`, "an atom:email is an addr-spec"},
		{`<uri>https://bao.example/tac-gia/a`, `<uri>/tac-gia/a`, ruleLink},
		{`<icon>https:`, `<icon>ftp:`, ruleLink},
		{`uri="https://gomtin.example/"`, `uri="gomtin"`, ruleLink},
		{`href="https://bao.example/tin/8"`, `href="https://bao.example/tin 8"`, ruleLink},
		{`href="https://bao.example/tin/8"`, `href="//bao.example/tin/8"`, ruleLink},
		{`<media:thumbnail url="https://bao.example/a.jpg"`, `<media:thumbnail url="a.jpg"`, ruleLink},
		{`<link href="https://bao.example/tin/8"/>`, `<link href="https://bao.example/tin/8"/><link rel="via"/>`, "an atom:link has an href"},
		{`rel="http://example.org/rel/hub"`, `rel="x/hub"`, "a rel is a name or an IRI"},
		{`href="https://bao.example/tin/8"`, `href="https:///tin/8"`, ruleLink},
		{`type="audio/mpeg"`, `type="mp3"`, ruleMediaType},
		{`type="audio/mpeg"`, `type="audio/mp 3"`, ruleMediaType},
		{`hreflang="vi"`, `hreflang="tiếng Việt"`, ruleLanguage},
		{`length="1024"`, `length="-1"`, ruleLength},

		// text and content
		{`<title type="text">`, `<title type="text/plain">`, "the type of a text construct is text, html or xhtml"},
		{`<summary>Tóm tắt`, `<summary><media:b/>Tóm tắt`, "text has no child elements"},
		{`<subtitle type="html">`, `<subtitle type="html"><media:b/>`, "html has no child elements"},
		{`<title type="xhtml">`, `<title type="xhtml">Bài`, "xhtml is a single xhtml:div"},
		{`<em>hai</em>`, `<media:em>hai</media:em>`, "all in an xhtml:div is XHTML"},
		{`Bài <em>hai</em>`, ` `, ruleEmpty},
		{`<content type="application/pdf" src="https://bao.example/10.pdf"/>`, `<content> </content>`, ruleEmpty},
		{`<content type="application/pdf" src="https://bao.example/10.pdf"/>`, `<content>x<media:b/></content>`, "§4.1.3.3: text has no child elements"},
		{`<content type="application/pdf"`, `<content`, "an atom:content with src has a media type"},
		{`src="https://bao.example/10.pdf"/>`, `src="https://bao.example/10.pdf">x</content>`, "an atom:content with src is empty"},
		{`<content type="application/pdf" src="https://bao.example/10.pdf"/>`, `<content type="image/png">!</content>`, "is Base64"},
		{`<content type="application/pdf" src="https://bao.example/10.pdf"/>`, `<content type="image/svg+xml">x</content>`, "content of an XML type is one element"},
		{`<content type="application/pdf" src="https://bao.example/10.pdf"/>`, `<content type="text/plain"><media:b/></content>`, "that is not XML has no child elements"},
		{`<content type="application/pdf" src="https://bao.example/10.pdf"/>`, `<content type="multipart/mixed">x</content>`, "a type is not composite"},

		// RFC 5005 and RFC 6721
		{`<rights>`, `<fh:complete/><rights>`, "a complete feed is one document"},
		{`<rights>`, `<fh:page/><rights>`, "its namespace has only fh:complete and fh:archive"},
		{`<at:by>`, `<link href="x"/><at:by>`, ruleLink},
		{`<at:by>`, `<source/><source/><at:by>`, "at most one atom:source"},
		{`<rights>`, `<fh:archive>x</fh:archive><rights>`, "fh:complete and fh:archive are empty"},
		{`<rights>`, `<fh:archive/><fh:archive/><rights>`, "at most one fh:complete and fh:archive"},
		{`giao-duc.atom?page=2`, `giao-duc.atom`, "a page links to other pages"},
		{`<link rel="next"`, `<link rel="next" href="https://gomtin.example/3"/><link rel="next"`, "one link of each paging relation"},
		{`ref="tag:gomtin.example,2026-03-01:7" `, ``, "an at:deleted-entry has a ref"},
		{`when="2026-03-02T00:00:00Z"`, ``, "an at:deleted-entry has a when"},
		{`when="2026-03-02T00:00:00Z"`, `when="2026-03-02"`, "a when is an RFC 3339 date-time"},
		{`<at:by>`, `<at:by><name>B</name></at:by><at:by>`, "at:deleted-entry has at most one at:by"},
		{`<at:deleted-entry`, `<at:deleted-entry ref="tag:gomtin.example,2026-03-01:7" when="2026-03-02T00:00:00Z"/><at:deleted-entry`, "the same ref and when"},
		{`ref="tag:gomtin.example,2026-03-01:7" when="2026-03-02T00:00:00Z"`, `ref="tag:gomtin.example,2026-03-01:8" when="2026-03-02T01:00:00Z"`, "an entry that it says is deleted"},
	})
}

func TestAtomFindsWhatMarkupBreaks(t *testing.T) {
	const mark = `&lt;p&gt;Chữ `
	tests := []struct{ html, rule string }{
		{`<p>`, ruleBalanced},
		{`</p>`, ruleBalanced},
		{`<b><i>x</b></i>`, ruleBalanced},
		{`<ul><li>a<li>b</ul>`, ruleBalanced},
		{`<p><div>x</div></p>`, ruleBalanced},
		{`<a href="https://a.example/"><a href="https://b.example/">x</a></a>`, ruleBalanced},
		{`<table><p>x</p></table>`, ruleBalanced},
		{`<p/>x`, ruleBalanced},
		{`<br></br>`, ruleBalanced},
		{`<body>x</body>`, ruleBalanced},
		{`<!-- x`, ruleBalanced},
		{`<noscript><b>x</noscript>`, ruleBalanced},
		{`<noscript><img src="x.jpg"></noscript>`, ruleContent},
		{`<svg onload="x"><path d="M0"/></svg>`, ruleHandler},
		{`<script>x</script>`, ruleForbidden},
		{`<STYLE>x</STYLE>`, ruleForbidden},
		{`<form>x</form>`, ruleForbidden},
		{`<iframe></iframe>`, ruleForbidden},
		{`<object></object>`, ruleForbidden},
		{`<embed>`, ruleForbidden},
		{`<img onerror=x>`, ruleHandler},
		{`<a href="javascript:x">x</a>`, ruleScriptURL},
		{"<a href=\" java\tscript:x\">x</a>", ruleScriptURL},
		{`<a href="data:image/png,x">x</a>`, ruleScriptURL},
		{`<img src="data:text/html,x">`, ruleScriptURL},
		{`<i style="background:url( 'javascript:x')">x</i>`, ruleScriptURL},
		{`<a href="">x</a>`, ruleContent},
		{`<a href="#chu-thich">x</a>`, ruleContent},
		{`<img src="/a.jpg">`, ruleContent},
		{`<a href="https://a.example/" ping="https://a.example/p /p">x</a>`, ruleContent},
		{`<img src="mailto:a@b.example">`, ruleContent},
		{`<img srcset="https://a.example/1.jpg 1x, 2.jpg 2x">`, ruleContent},
		{`<img srcset="https://a.example/1.jpg,x.jpg, 2.jpg">`, ruleContent},
		{`<blockquote cite="//a.example/">x</blockquote>`, ruleContent},
		{`<img src="http://[::1/a.jpg">`, ruleContent},
	}
	escape := strings.NewReplacer("&", "&amp;", "<", "&lt;", ">", "&gt;")
	mutations := make([]mutation, len(tests))
	for i, tt := range tests {
		mutations[i] = mutation{mark, escape.Replace(tt.html) + mark, tt.rule}
	}
	run(t, good(t, "good.atom"), Atom, mutations)
	run(t, good(t, "good.atom"), Atom, []mutation{
		{`&lt;/table&gt;`, `&lt;/table&gt;&lt;a href="https://a.example/`, ruleBalanced},
		{`<p>Xin`, `<script>x</script><p>Xin`, ruleForbidden},
		{`<p>Xin`, `<p onclick="x">Xin`, ruleHandler},
		{`<p>Xin`, `<p><a href="javascript:x">x</a>Xin`, ruleScriptURL},
		{`<p>Xin`, `<p><a href="x">x</a>Xin`, ruleContent},
	})
}

func TestAtomReadsEntryDocuments(t *testing.T) {
	const doc = `<?xml version="1.0" encoding="UTF-8"?>
<entry xmlns="http://www.w3.org/2005/Atom"><id>tag:gomtin.example,2026:8</id><title>Tin</title>
<updated>2026-03-01T00:00:00Z</updated><author><name>A</name></author><link href="https://bao.example/8"/></entry>`
	for _, v := range Atom([]byte(doc)) {
		t.Error(v)
	}
	run(t, doc, Atom, []mutation{
		{`<author><name>A</name></author>`, ``, "an atom:entry has an atom:author"},
		{`<link href="https://bao.example/8"/>`, ``, "an atom:entry without atom:content has an atom:link rel=alternate"},
	})
}

func TestAtomReadsFeedsWithoutEntries(t *testing.T) {
	const doc = `<?xml version="1.0" encoding="UTF-8"?>
<feed xmlns="http://www.w3.org/2005/Atom"><id>tag:gomtin.example,2026:x</id><title>Tin</title><updated>2026-03-01T00:00:00Z</updated>
<author><name>A</name></author><link rel="self" href="https://gomtin.example/x.atom"/></feed>`
	for _, v := range Atom([]byte(doc)) {
		t.Error(v)
	}
	run(t, doc, Atom, []mutation{
		{`<author><name>A</name></author>`, ``, "an atom:feed has an atom:author unless"},
		{`<title>Tin</title>`, `<title/>`, ruleEmpty},
	})
}

func TestAtomReadsDeletedEntryDocuments(t *testing.T) {
	const doc = `<?xml version="1.0" encoding="UTF-8"?>
<at:deleted-entry xmlns:at="http://purl.org/atompub/tombstones/1.0" ref="tag:gomtin.example,2026:8" when="2026-03-01T00:00:00Z"/>`
	for _, v := range Atom([]byte(doc)) {
		t.Error(v)
	}
	run(t, doc, Atom, []mutation{
		{`ref="tag:gomtin.example,2026:8"`, `ref="8"`, "a ref is the IRI of an atom:id"},
		{`when="2026`, `when="2999`, ruleFuture},
	})
}
