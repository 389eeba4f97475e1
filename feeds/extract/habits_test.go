package extract

import (
	"slices"
	"strings"
	"testing"

	"golang.org/x/net/html"
)

func TestTrimDateline(t *testing.T) {
	tests := []struct{ in, want string }{
		{"(binhdinh.gov.vn) - Chiều 22/9, tỉnh họp.", "Chiều 22/9, tỉnh họp."},
		{"(gialai.gov.vn)- Sáng nay", "Sáng nay"},
		{"  ( syt.gialai.gov.vn ) – Sáng nay", "Sáng nay"},
		{"(BĐ) – Sáng nay", "Sáng nay"},
		{"[TTXVN]: Sáng nay", "Sáng nay"},
		{"(Thời sự) - Sáng nay", "(Thời sự) - Sáng nay"},
		{"(2) Sáng nay", "(2) Sáng nay"},
		{"Sáng nay (binhdinh.gov.vn) - họp", "Sáng nay (binhdinh.gov.vn) - họp"},
		{"", ""},
	}
	for _, tt := range tests {
		if got := trimDateline(tt.in); got != tt.want {
			t.Errorf("trimDateline(%q) = %q, want %q", tt.in, got, tt.want)
		}
	}
}

func TestTrimHabits(t *testing.T) {
	tests := []struct{ name, in, want string }{
		{"nothing to trim", "<p>Tin.</p>", "<p>Tin.</p>"},
		{"a dateline", "<p>(BĐ) - Sáng nay</p><p>(BĐ) - hai</p>", "<p>Sáng nay</p><p>(BĐ) - hai</p>"},
		{"a dateline in bold", "<p><strong>(binhdinh.gov.vn) -</strong> Sáng nay</p>", "<p>Sáng nay</p>"},
		{"a dateline spread over elements", "<p><b>(</b><i>binhdinh</i>.gov.vn<b>) - Sáng</b> nay</p>", "<p><b>Sáng</b> nay</p>"},
		{"a dateline in a paragraph of its own", "<p>(BĐ)</p><p>Sáng nay</p>", "<p>Sáng nay</p>"},
		{"a dateline behind a picture", `<p><img src="http://a.vn/a.jpg"/></p><p>(BĐ) - Sáng nay</p>`, `<p><img src="http://a.vn/a.jpg"/></p><p>Sáng nay</p>`},
		{"an end mark", "<p>Tin kết thúc./.</p>", "<p>Tin kết thúc.</p>"},
		{"an end mark behind a full stop and a space", "<p>Tin kết thúc. ./. </p>", "<p>Tin kết thúc.</p>"},
		{"an end mark by itself", "<p>Tin kết thúc.</p><p><b>./.</b></p>", "<p>Tin kết thúc.</p>"},
		{"an end mark before the author", "<p>Tin kết thúc./.</p><p>Kim Loan</p>", "<p>Tin kết thúc.</p><p>Kim Loan</p>"},
		{"an end mark in the middle", "<p>Một./. hai</p><p>ba</p>", "<p>Một./. hai</p><p>ba</p>"},
		{"a path is no end mark", "<p>Chạy ./.bin rồi dừng</p>", "<p>Chạy ./.bin rồi dừng</p>"},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			if got := string(trimHabits(Sanitize(tt.in, nil))); got != tt.want {
				t.Errorf("trimHabits(%q)\n got %q\nwant %q", tt.in, got, tt.want)
			}
		})
	}
}

func TestCutAuthor(t *testing.T) {
	tests := []struct{ name, in, author, rest string }{
		{"a paragraph at the end", "<p>Tin.</p><p>Tác giả: Kim Loan</p>", "Kim Loan", "<p>Tin.</p>"},
		{"in bold, to the right", `<p>Tin.</p><p align="right"><strong>Tác giả:</strong> Kim Loan.</p>`, "Kim Loan", "<p>Tin.</p>"},
		{"words and pictures", "<p>Tin.</p><div>Bài và ảnh: Lê Bình</div>", "Lê Bình", "<p>Tin.</p>"},
		{"before a block of related articles", "<p>Tin.</p><p>Tin, ảnh: Lê Bình</p><p>Tin liên quan</p>", "Lê Bình", "<p>Tin.</p><p>Tin liên quan</p>"},
		{"far above the end", "<p>Tác giả: Kim Loan</p><p>1</p><p>2</p><p>3</p><p>4</p>", "", "<p>Tác giả: Kim Loan</p><p>1</p><p>2</p><p>3</p><p>4</p>"},
		{"within a sentence", "<p>Ban tổ chức trao giải cho tác giả: em Lê Bình.</p>", "", "<p>Ban tổ chức trao giải cho tác giả: em Lê Bình.</p>"},
		{"too long for a name", "<p>Tác giả: " + strings.Repeat("dài ", 30) + "</p>", "", "<p>Tác giả: " + strings.Repeat("dài ", 30) + "</p>"},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			root, err := html.Parse(strings.NewReader("<body>" + tt.in))
			if err != nil {
				t.Fatal(err)
			}
			body := find(root, "body")
			author := cutAuthor(body)
			if rest := strings.TrimSpace(inner(body)); author != tt.author || rest != tt.rest {
				t.Errorf("cutAuthor(%s) = %q, leaving %s; want %q and %s", tt.in, author, rest, tt.author, tt.rest)
			}
		})
	}
}

// TestFeedHabits: what a portal adds to every article is in neither the content
// nor the summary that a feed gives.
func TestFeedHabits(t *testing.T) {
	a := oneArticle(t, rss(`<item><title>Tin</title><description><![CDATA[<p><b>(BĐ)</b> - Sáng nay, Sở họp. Kết thúc./.</p>]]></description></item>`))
	if want := "<p>Sáng nay, Sở họp. Kết thúc.</p>"; string(a.Content) != want {
		t.Errorf("content %q, want %q", a.Content, want)
	}
	if want := "Sáng nay, Sở họp. Kết thúc."; a.Summary != want {
		t.Errorf("summary %q, want %q", a.Summary, want)
	}
}

func TestShorten(t *testing.T) {
	tests := []struct {
		name, in string
		n        int
		want     string
	}{
		{"short enough", "một hai ba", 10, "một hai ba"},
		{"cut at a word's end", "một hai ba", 9, "một hai…"},
		{"punctuation before the cut goes", "một hai, ba bốn", 12, "một hai…"},
		{"a word longer than the limit", "mộthaibabốn năm", 6, "mộtha…"},
		{"white space does not count", " một \n hai ", 7, "một hai"},
		{"nothing", "", 5, ""},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			if got := shorten(tt.in, tt.n); got != tt.want {
				t.Errorf("shorten(%q, %d) = %q, want %q", tt.in, tt.n, got, tt.want)
			}
		})
	}
}

func TestDocumentNumbers(t *testing.T) {
	tests := []struct {
		name, in string
		want     []string
	}{
		{"a decision", "Quyết định số 123/QĐ-UBND ngày 01/7/2026", []string{"123/QĐ-UBND"}},
		{"with a year", "theo Nghị định 34/2026/NĐ-CP.", []string{"34/2026/NĐ-CP"}},
		{"several, each once, in order", "Công văn 2058/VPCP-KTTH, 12/KH-SYT và (2058/VPCP-KTTH)", []string{"2058/VPCP-KTTH", "12/KH-SYT"}},
		{"three parts", "Thông báo 9/TB-SGDĐT-VP", []string{"9/TB-SGDĐT-VP"}},
		{"the Prime Minister's", "Quyết định 483/QĐ-TTg ngày 27/3/2026", []string{"483/QĐ-TTg"}},
		{"the National Assembly's", "Nghị quyết 19/2026/QH16.", []string{"19/2026/QH16"}},
		{"Cyrillic look-alikes", "Nghị định 13/2023/NĐ-\u0421\u0420", []string{"13/2023/NĐ-CP"}},
		{"an Icelandic letter for ours", "Quyết định 45/Q\u00d0-UBND", []string{"45/QĐ-UBND"}},
		{"dates and fractions are none", "ngày 22/9/2026, 1/2, 3/4/A, 24/7", nil},
		{"too long a number is none", "1234567/QĐ-UBND", nil},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			if got := documentNumbers(tt.in); !slices.Equal(got, tt.want) {
				t.Errorf("documentNumbers(%q) = %q, want %q", tt.in, got, tt.want)
			}
		})
	}
}
