// Package curate decides where an article belongs: under which topics, with the
// reasons, and in which story, with the copies that other departments published.
//
// It is pure: it opens nothing and reads no clock. Read [Classifier.Topics] and
// [SameStory] first.
package curate

import (
	_ "embed"
	"fmt"
	"maps"
	"slices"
	"strings"

	"github.com/goccy/go-yaml"

	"gomtin/feeds"
	"gomtin/feeds/viet"
)

// A Rule is one topic and the phrases that tell it.
type Rule struct {
	ID          feeds.TopicID    `yaml:"id" json:"id"`
	Title       string           `yaml:"title" json:"title"`
	Description string           `yaml:"description" json:"description"`
	Phrases     map[int][]string `yaml:"phrases" json:"phrases"` // by weight, 1 to 9; 0 takes a built-in phrase away
	Not         []string         `yaml:"not" json:"not"`         // phrases that cancel shorter ones inside them
}

//go:embed topics.yaml
var builtIn []byte

// BuiltIn returns the fourteen topics that gomtin starts with, in their order.
// The caller owns them.
func BuiltIn() []Rule {
	var rules []Rule
	if err := yaml.UnmarshalWithOptions(builtIn, &rules, yaml.Strict()); err != nil {
		panic(fmt.Sprintf("topics.yaml: %v", err)) // ours, read by a test
	}
	return rules
}

// Merge returns rules with the changes of a catalogue applied: titles and
// descriptions replace, phrases are added, weight 0 takes one away, a new id is a
// new topic at the end. Changes are applied in the order of their ids.
func Merge(rules []Rule, changes map[feeds.TopicID]Rule) []Rule {
	rules = slices.Clone(rules)
	for _, id := range slices.Sorted(maps.Keys(changes)) {
		c := changes[id]
		i := slices.IndexFunc(rules, func(r Rule) bool { return r.ID == id })
		if i < 0 {
			rules = append(rules, Rule{ID: id})
			i = len(rules) - 1
		}
		r := &rules[i]
		if c.Title != "" {
			r.Title = c.Title
		}
		if c.Description != "" {
			r.Description = c.Description
		}
		phrases := make(map[int][]string)
		for w, list := range r.Phrases {
			for _, p := range list {
				if !named(c.Phrases, p) {
					phrases[w] = append(phrases[w], p)
				}
			}
		}
		for w, list := range c.Phrases {
			if w > 0 {
				phrases[w] = append(phrases[w], list...)
			}
		}
		r.Phrases, r.Not = phrases, append(slices.Clone(r.Not), c.Not...)
	}
	return rules
}

func named(phrases map[int][]string, p string) bool {
	for _, list := range phrases {
		if slices.Contains(list, p) {
			return true
		}
	}
	return false
}

// How much a phrase counts by where it stands, and what else adds to a score.
const (
	titleWeight   = 3
	summaryWeight = 2
	bodyWeight    = 1
	sectionWeight = 3
	bodyMost      = 3 // hits of one phrase in the body that count
	leaning       = 2 // for the department's own topics
	threshold     = 6 // what a topic needs
	share         = 0.45
	mostTopics    = 3
)

// fallback is the topic of an article that fits no other.
const fallback feeds.TopicID = "chinh-quyen"

// A Classifier places articles under topics by phrase rules. It is safe for
// concurrent use.
type Classifier struct {
	rules []Rule
	root  *node
}

// A node of the trie has read the syllables of one or more phrases so far.
type node struct {
	next map[string]*node
	ends []ending // the phrases that end here
}

type ending struct {
	topic  int // index into rules
	weight int // 0: cancels
}

// NewClassifier builds the trie of all phrases.
func NewClassifier(rules []Rule) *Classifier {
	c := &Classifier{rules: rules, root: &node{}}
	for i, r := range rules {
		for w, list := range r.Phrases {
			for _, p := range list {
				c.add(p, ending{i, w})
			}
		}
		for _, p := range r.Not {
			c.add(p, ending{i, 0})
		}
	}
	return c
}

func (c *Classifier) add(phrase string, e ending) {
	n := c.root
	syllables := viet.Syllables(phrase)
	for _, s := range syllables[:min(len(syllables), longest)] {
		if n.next == nil {
			n.next = make(map[string]*node)
		}
		if n.next[s] == nil {
			n.next[s] = &node{}
		}
		n = n.next[s]
	}
	n.ends = append(n.ends, e)
}

// A span is a phrase found at syllables [from, to).
type span struct {
	from, to int
	ending
}

// hits returns the spans that count in syllables: those that lie inside a longer
// span of their topic, or inside one that cancels it, are out.
func (c *Classifier) hits(syllables []string) []span {
	var found []span
	for from := range syllables {
		n := c.root
		for to := from; to < len(syllables); to++ {
			if n = n.next[syllables[to]]; n == nil {
				break
			}
			for _, e := range n.ends {
				found = append(found, span{from, to + 1, e})
			}
		}
	}
	var kept []span
	for i, s := range found {
		if s.weight > 0 && !covered(found, i) {
			kept = append(kept, s)
		}
	}
	return kept
}

// longest is how many syllables a phrase may have.
const longest = 16

// covered reports whether the i-th of the spans, which are in the order of their
// beginnings, lies inside a longer one of its topic or inside one that cancels it.
func covered(spans []span, i int) bool {
	s := spans[i]
	covers := func(o span) bool {
		return o.topic == s.topic && o.from <= s.from && s.to <= o.to && (o.weight == 0 || o.to-o.from > s.to-s.from)
	}
	for j := i - 1; j >= 0 && s.from-spans[j].from < longest; j-- {
		if covers(spans[j]) {
			return true
		}
	}
	for j := i + 1; j < len(spans) && spans[j].from == s.from; j++ {
		if covers(spans[j]) {
			return true
		}
	}
	return false
}

// Topics returns one to three topics of a, best first, each with its score and
// the phrases that gave it. What fits none is chinh-quyen. leanings are the
// topics of the article's department.
func (c *Classifier) Topics(a feeds.Article, leanings []feeds.TopicID) []feeds.Match {
	matches := make([]feeds.Match, len(c.rules))
	fields := []struct {
		name   string
		text   string
		weight int
		most   int
	}{
		{"tiêu đề", a.Title, titleWeight, 1},
		{"chuyên mục", a.Section, sectionWeight, 1},
		{"sapo", a.Summary, summaryWeight, 1},
		{"nội dung", a.Content.Text(), bodyWeight, bodyMost},
	}
	for _, f := range fields {
		syllables := viet.Syllables(f.text)
		counts := make(map[string]int)
		for _, s := range c.hits(syllables) {
			phrase := strings.Join(syllables[s.from:s.to], " ")
			key := fmt.Sprint(s.topic, phrase)
			if counts[key]++; counts[key] > f.most {
				continue
			}
			m := &matches[s.topic]
			points := s.weight * f.weight
			m.Score += float64(points)
			if counts[key] == 1 {
				m.Why = append(m.Why, fmt.Sprintf("%s: “%s” +%d", f.name, phrase, points))
			}
		}
	}
	for i, r := range c.rules {
		matches[i].Topic = r.ID
		if slices.Contains(leanings, r.ID) && matches[i].Score > 0 {
			matches[i].Score += leaning
			matches[i].Why = append(matches[i].Why, fmt.Sprintf("lĩnh vực của đơn vị +%d", leaning))
		}
	}
	return c.best(matches, leanings)
}

// best keeps the topics worth showing.
func (c *Classifier) best(matches []feeds.Match, leanings []feeds.TopicID) []feeds.Match {
	slices.SortStableFunc(matches, func(a, b feeds.Match) int { return int(b.Score - a.Score) })
	var kept []feeds.Match
	for _, m := range matches {
		if m.Score >= threshold && m.Score >= share*matches[0].Score && len(kept) < mostTopics {
			kept = append(kept, m)
		}
	}
	switch {
	case len(kept) > 0:
		return kept
	case len(leanings) > 0:
		return []feeds.Match{{Topic: leanings[0], Score: leaning, Why: []string{"không cụm từ nào đủ rõ; theo lĩnh vực của đơn vị"}}}
	default:
		return []feeds.Match{{Topic: fallback, Why: []string{"không cụm từ nào đủ rõ"}}}
	}
}
