package curate

import (
	"fmt"
	"strings"
	"testing"

	"gomtin/feeds"
	"gomtin/feeds/viet"
)

func TestBuiltInTopics(t *testing.T) {
	rules := BuiltIn()
	if len(rules) != 14 {
		t.Fatalf("%d built-in topics, want 14", len(rules))
	}
	seen := make(map[feeds.TopicID]bool)
	for _, r := range rules {
		if !feeds.ValidSlug(string(r.ID)) || r.Title == "" || r.Description == "" || seen[r.ID] {
			t.Errorf("topic %q: no slug, title or description, or twice", r.ID)
		}
		seen[r.ID] = true
		phrases := make(map[string]bool)
		for w, list := range r.Phrases {
			for _, p := range list {
				if w < 1 || w > 3 || len(viet.Syllables(p)) == 0 || phrases[p] {
					t.Errorf("%s: phrase %q under weight %d is empty, twice, or out of range", r.ID, p, w)
				}
				if viet.Clean(p) != p || strings.ToLower(p) != p {
					t.Errorf("%s: phrase %q is not lower case NFC", r.ID, p)
				}
				phrases[p] = true
			}
		}
	}
}

// article makes one for Topics; the body is what follows the first sentence.
func article(title, summary, body string) feeds.Article {
	return feeds.Article{Title: title, Summary: summary, Content: markup("<p>" + body + "</p>")}
}

// markup is trusted here: the test wrote it.
func markup(s string) feeds.SafeHTML { return feeds.SafeHTML(s) }

func TestTopics(t *testing.T) {
	c := NewClassifier(BuiltIn())
	tests := []struct {
		name     string
		a        feeds.Article
		leanings []feeds.TopicID
		first    feeds.TopicID
		not      feeds.TopicID
	}{
		{"health is plain", article("Tiêm chủng bù cho trẻ ở 12 xã", "Trạm y tế các xã tổ chức tiêm vắc xin.", ""), nil, "y-te", "giao-duc-dao-tao"},
		{"avian flu is the farmer's", article("Khống chế ổ dịch cúm gia cầm tại xã Tuy Phước", "Chi cục Chăn nuôi và Thú y tiêu hủy đàn gà.", "Không để dịch bệnh lan rộng."), nil, "nong-nghiep-nong-thon", "y-te"},
		{"an environment for investors is the economy's", article("Cải thiện môi trường đầu tư", "Nhà đầu tư đánh giá cao.", ""), nil, "kinh-te-dau-tu", "tai-nguyen-moi-truong-thien-tai"},
		{"the Farmers' Union is no farming", article("Hội Nông dân tỉnh đại hội", "Hội viên Hội Nông dân bầu ban chấp hành.", ""), nil, "doan-the-dang", "nong-nghiep-nong-thon"},
		{"a tax is not a rent", article("Cho thuê nhà văn hóa thôn", "Thuê hội trường.", "Giá thuê"), nil, "van-hoa-the-thao-du-lich", "tai-chinh-thue"},
		{"what fits nothing is the government's", article("Lịch làm việc tuần 47", "Lịch làm việc.", ""), nil, "chinh-quyen", ""},
		{"or the department's own", article("Lịch làm việc tuần 47", "Lịch làm việc.", ""), []feeds.TopicID{"y-te"}, "y-te", ""},
		{"old tone marks are the same", article("Phòng bệnh mùa mưa cho người có sức khoẻ yếu", "Bác sĩ khám sức khoẻ.", ""), nil, "y-te", ""},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			got := c.Topics(tt.a, tt.leanings)
			if got[0].Topic != tt.first {
				t.Errorf("first topic %s (%v), want %s", got[0].Topic, got[0].Why, tt.first)
			}
			if len(got) > 3 {
				t.Errorf("%d topics, want 3 at most", len(got))
			}
			for _, m := range got {
				if m.Topic == tt.not {
					t.Errorf("it is also under %s: %v", m.Topic, m.Why)
				}
				if len(m.Why) == 0 {
					t.Errorf("%s gives no reason", m.Topic)
				}
			}
		})
	}
}

func TestTopicsExplainTheirScore(t *testing.T) {
	c := NewClassifier([]Rule{{ID: "y-te", Phrases: map[int][]string{3: {"bảo hiểm y tế"}, 2: {"y tế"}}, Not: []string{"y tế dự phòng thú y"}}})
	a := article("Bảo hiểm y tế", "Trạm y tế xã", "y tế y tế y tế y tế, y tế dự phòng thú y")
	got := c.Topics(a, []feeds.TopicID{"y-te"})
	want := `[{y-te 21 [tiêu đề: “bảo hiểm y tế” +9 sapo: “y tế” +4 nội dung: “y tế” +2 lĩnh vực của đơn vị +2]}]`
	if s := fmt.Sprint(got); s != want {
		t.Errorf("Topics = %s\nwant     %s", s, want)
	}
}

func TestMerge(t *testing.T) {
	base := []Rule{{ID: "y-te", Title: "Y tế", Phrases: map[int][]string{3: {"bệnh viện"}, 1: {"bệnh"}}, Not: []string{"a"}}}
	got := Merge(base, map[feeds.TopicID]Rule{
		"y-te":     {Title: "Sức khỏe", Phrases: map[int][]string{0: {"bệnh"}, 2: {"nhà thuốc"}}, Not: []string{"b"}},
		"bien-dao": {Title: "Biển đảo", Phrases: map[int][]string{3: {"hải đảo"}}},
	})
	want := `[{y-te Sức khỏe  map[2:[nhà thuốc] 3:[bệnh viện]] [a b]} {bien-dao Biển đảo  map[3:[hải đảo]] []}]`
	if s := fmt.Sprint(got); s != want {
		t.Errorf("Merge = %s\nwant    %s", s, want)
	}
	if s := fmt.Sprint(base); s != `[{y-te Y tế  map[1:[bệnh] 3:[bệnh viện]] [a]}]` {
		t.Errorf("Merge changed its argument: %s", s)
	}
}

// text is long enough to be compared.
const text = `Sáng nay, đoàn kiểm tra liên ngành của tỉnh đã làm việc với ba xã ven biển về công tác chuẩn bị ứng phó với bão.
Theo báo cáo, 214 tàu cá với 1.350 lao động đã vào nơi tránh trú an toàn; 86 lồng bè được gia cố; lực lượng xung kích trực 24 giờ.
Trưởng đoàn yêu cầu các xã rà soát nhà yếu, chuẩn bị phương án sơ tán dân trước 17 giờ và bảo đảm thông tin liên lạc thông suốt.
Các hồ chứa trên địa bàn hiện ở mức 62 phần trăm dung tích, được vận hành theo quy trình đã phê duyệt.`

func published(department feeds.DepartmentID, title, body string, numbers ...string) feeds.Article {
	a := feeds.Article{Department: department, Title: title, Content: markup(body), Numbers: numbers}
	a.Fingerprint = FingerprintOf(a)
	return a
}

func TestSameStory(t *testing.T) {
	original := published("snnmt", "Kiểm tra ứng phó bão", text)
	tests := []struct {
		name string
		b    feeds.Article
		want bool
	}{
		{"the same text", published("cong", "Kiểm tra ứng phó bão", text), true},
		{"another headline", published("cong", "Ba xã ven biển sẵn sàng đón bão số 12", text), true},
		{"a dateline and an end mark", published("cong", "Kiểm tra ứng phó bão", "(gialai.gov.vn) - "+text+"./."), true},
		{"the last paragraph dropped", published("cong", "Kiểm tra ứng phó bão", text[:strings.LastIndex(text, "\n")]), true},
		{"small edits", published("cong", "Kiểm tra ứng phó bão", strings.ReplaceAll(text, "tỉnh", "toàn tỉnh")), true},
		{"its own department again", published("snnmt", "Kiểm tra ứng phó bão", text), false},
		{"the same words, other figures", published("cong", "Kiểm tra ứng phó bão", strings.NewReplacer("214", "198", "1.350", "1.207", "86", "91", "24", "12", "17", "15", "62", "58").Replace(text)), false},
		{"another text", published("cong", "Kiểm tra ứng phó bão", strings.Repeat("Trường học tổ chức ngày hội đọc sách cho học sinh các khối lớp. ", 8)), false},
		{"a text too short to tell", published("cong", "Kiểm tra ứng phó bão", "Sáng nay, đoàn kiểm tra."), false},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			if got, back := SameStory(original, tt.b), SameStory(tt.b, original); got != tt.want || back != tt.want {
				t.Errorf("SameStory = %v, and the other way round %v; want %v", got, back, tt.want)
			}
			if tt.want && !shareBand(original.Fingerprint, tt.b.Fingerprint) {
				t.Error("the fingerprints have no band in common: the copy would not be found")
			}
		})
	}
	issue := func(n string) feeds.Article {
		return published("a"+feeds.DepartmentID(n), "Bản tin số "+n, text)
	}
	if SameStory(issue("1"), issue("2")) {
		t.Error("two issues of a bulletin are one story")
	}
	if SameStory(published("a", "Quyết định", text, "12/QĐ-UBND"), published("b", "Quyết định", text, "13/QĐ-UBND")) {
		t.Error("two documents with different numbers are one story")
	}
}

func shareBand(a, b feeds.Fingerprint) bool {
	for i := range a {
		if a[i] == b[i] {
			return true
		}
	}
	return false
}

func BenchmarkTopics(b *testing.B) {
	c := NewClassifier(BuiltIn())
	a := article("Kiểm tra ứng phó bão", "Đoàn kiểm tra của tỉnh", strings.Repeat(text, 4))
	b.SetBytes(int64(len(a.Content)))
	for b.Loop() {
		c.Topics(a, nil)
	}
}

func BenchmarkFingerprintOf(b *testing.B) {
	a := article("", "", strings.Repeat(text, 4))
	b.SetBytes(int64(len(a.Content)))
	for b.Loop() {
		FingerprintOf(a)
	}
}
