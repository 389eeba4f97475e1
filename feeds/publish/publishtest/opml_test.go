package publishtest

import "testing"

func TestOPMLFindsEachViolation(t *testing.T) {
	run(t, good(t, "good.opml"), OPML, []mutation{
		{`<?xml version="1.0" encoding="UTF-8"?>`, ``, ruleUTF8},
		{`</body>`, ``, ruleWellFormed},
		{`text="Báo"`, "text=\"Ba\u0301o\"", ruleNFC},
		{`<opml version="2.0"`, `<opml version="1.1"`, "the version is 2.0"},
		{`<opml version="2.0"`, `<opml xmlns="http://opml.org/spec2" version="2.0"`, "the root element is opml"},
		{`</head>`, `</head><head/>`, "opml has exactly one head"},
		{`<ownerName>`, `<ownerName>A</ownerName><ownerName>`, "head has at most one ownerName"},
		{`<ownerName>`, `<owner>A</owner><ownerName>`, "OPML 2.0 head: an element holds only the elements"},
		{`Mon, 02 Mar 2026 01:00:00 GMT`, `2026-03-02`, ruleOPMLDate},
		{`Mon, 02 Mar 2026 01:00:00 GMT`, `02 Mar 2999 01:00:00 GMT`, ruleFuture},
		{`<title>Nguồn tin`, `<title>`, ruleEmpty},
		{`<ownerEmail>bien-tap@gomtin.example`, `<ownerEmail>Biên tập`, "an ownerEmail is an email address"},
		{`<expansionState>1, 2`, `<expansionState>1 2`, "an expansionState is a list"},
		{`<windowTop>61`, `<windowTop>61px`, "a position is a number"},
		{`text="Báo" `, ``, "an outline has a text"},
		{`text="Báo A"`, `text=""`, ruleEmpty},
		{` xmlUrl="https://a.example/rss"`, ``, "an outline of type rss has an xmlUrl"},
		{` title="Báo A"`, ``, "the title of a subscription is not omitted"},
		{`type="rss" `, ``, "an outline with an xmlUrl has the type rss"},
		{` url="https://a.example/trang"`, ``, "of type link or include has a url"},
		{`xmlUrl="https:`, `xmlUrl="feed:`, ruleLink},
		{`language="vi"`, `language="v"`, ruleLanguage},
		{`isComment="false"`, `isComment="no"`, "isComment and isBreakpoint are true or false"},
		{`category="/tin/bao,chung"`, `category="/tin/bao,"`, ruleEmpty},
		{`<outline text`, `<dòng/><outline text`, "OPML 2.0 body: an element holds only the elements"},
	})
}
