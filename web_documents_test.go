package theriac_test

import (
	"bytes"
	"io/fs"
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"testing"

	"theriac"
	"theriac/canon"
	"theriac/chain"
)

// The commissioning of the captured pack, in both syntaxes.
const (
	commissionedXML = `<ObjectEvent><eventTime>2026-11-20T09:00:00Z</eventTime><eventTimeZoneOffset>+00:00</eventTimeZoneOffset>` +
		`<epcList><epc>urn:epc:id:sgtin:9524000.000001.F1</epc></epcList><action>ADD</action>` +
		`<bizStep>urn:epcglobal:cbv:bizstep:commissioning</bizStep><extension><ilmd xmlns:m="urn:epcglobal:cbv:mda">` +
		`<m:lotNumber>F</m:lotNumber><m:itemExpirationDate>2029-03-31</m:itemExpirationDate></ilmd></extension></ObjectEvent>`
	commissionedJSON = `{"type":"ObjectEvent","eventTime":"2026-11-20T09:00:00Z","eventTimeZoneOffset":"+00:00","action":"ADD","bizStep":"commissioning",` +
		`"epcList":["https://id.gs1.org/01/09524000000019/21/F1"],"ilmd":{"cbvmda:lotNumber":"F","cbvmda:itemExpirationDate":"2029-03-31"}}`
	documentXML = `<?xml version="1.0" encoding="UTF-8"?><epcis:EPCISDocument xmlns:epcis="urn:epcglobal:epcis:xsd:2" schemaVersion="2.0" ` +
		`creationDate="2026-11-20T09:00:00Z"><EPCISBody><EventList></EventList></EPCISBody></epcis:EPCISDocument>`
)

var (
	beginXML  = regexp.MustCompile(`<EventList>`)
	beginJSON = regexp.MustCompile(`"eventList"\s*:\s*\[`)
)

// foreignDocuments are documents of other companies, in each of which the captured pack is
// commissioned too.
func foreignDocuments(t *testing.T) [][]byte {
	t.Helper()
	all := [][]byte{beginXML.ReplaceAll([]byte(documentXML), []byte("<EventList>"+commissionedXML))}
	root := os.Getenv("THERIAC_DATA")
	if root == "" {
		root = filepath.Join("..", "..", "shared", "data")
	}
	err := filepath.WalkDir(filepath.Join(root, "epcis"), func(name string, d fs.DirEntry, err error) error {
		if err != nil || d.IsDir() || !slices.Contains([]string{".json", ".jsonld", ".xml"}, filepath.Ext(name)) {
			return err
		}
		raw, err := os.ReadFile(name)
		if err != nil || len(raw) > 1<<16 {
			return err
		}
		if at := beginXML.FindIndex(raw); at != nil {
			all = append(all, slices.Concat(raw[:at[1]], []byte(commissionedXML), raw[at[1]:]))
		} else if at := beginJSON.FindIndex(raw); at != nil {
			all = append(all, slices.Concat(raw[:at[1]], []byte(commissionedJSON+","), raw[at[1]:]))
		}
		return nil
	})
	if err != nil {
		t.Logf("NOT TESTED: documents of other companies (%v); set THERIAC_DATA", err)
	}
	t.Logf("%d documents of other companies", len(all))
	return all
}

// changeDocument changes the transformation or the captured document, and has the
// ledger say that it is the one.
func (m *mutator) changeDocument(p *specimen, q *question) {
	if m.IntN(3) > 0 {
		p = pick(m, m.captured)
		q.Trust, q.Now = p.trust, p.now.UnixMilli()
	}
	b := m.copied(p)
	i := slices.IndexFunc(b.State, func(r theriac.Record) bool { return bytes.HasPrefix(r.Key, []byte("batch/")) && r.Value != nil })
	var batch chain.Batch
	if i < 0 || canon.DecodeCBOR(b.State[i].Value, &batch) != nil {
		return
	}
	if batch.Release.Certificate != "" {
		b.Transformation = m.document(b.Transformation)
		batch.Release.Transformation = canon.Sum(b.Transformation)
	} else {
		if m.IntN(3) > 0 {
			b.Document = pick(m, m.foreign)
		}
		b.Document = m.document(b.Document)
		old := chain.EvidenceKey(batch.Release.Evidence, batch.Holder)
		batch.Release.Evidence = canon.Sum(b.Document)
		for j := range b.State {
			if bytes.Equal(b.State[j].Key, old) {
				b.State[j].Key = chain.EvidenceKey(batch.Release.Evidence, batch.Holder)
			}
		}
	}
	raw, err := canon.CBOR(batch)
	if err != nil {
		m.t.Fatal(err)
	}
	b.State[i].Value = raw
	slices.SortFunc(b.State, func(x, y theriac.Record) int { return bytes.Compare(x.Key, y.Key) })
	p.scene.reseal(b)
	q.Bundle = encode(m.t, b)
}

var markup = []struct{ from, to string }{
	{`<(\w+)>`, `<$1 a="1" a="2">`},
	{`<(\w+)>`, `<$1 xmlns="urn:x">`},
	{`<(\w+)>`, `<x:$1>`},
	{`<(\w+)>`, `<$1><![CDATA[ ]]>`},
	{`<(\w+)>`, `<$1><!-- a -- b -->`},
	{`<(\w+)>`, `<$1><?xml version="1.0"?>`},
	{`<(\w+)>`, `<$1>x`},
	{`<(\w+)>`, `<$1><$1/>`},
	{`<(\w+)>[^<]*</\w+>`, ``},
	{`<(\w+)>[^<]*</\w+>`, `$0$0`},
	{`>([^<]+)<`, `>$1&#x20;<`},
	{`>([^<]+)<`, `>&lt;$1<`},
	{`>([^<]+)<`, `>&nbsp;$1<`},
	{`>([^<]+)<`, "><![CDATA[$1]]><"},
	{`>([^<]+)<`, ">\r\n $1 ]]><"},
	{`^`, `<!DOCTYPE x>`},
	{`$`, `<x/>`},
	{`[0-9]`, `7`},
	{`[a-z]+`, `type`},
	{`urn:epc:id:\w+`, `urn:epc:id:sgtin`},
	{`https?://[^"<]+`, `https://id.gs1.org/01/09524000000019/10/A%2FB?17=290331`},
	{`https?://[^"<]+`, `https://example.com/gtin/9524000000019/ser/%2E?x=1;y`},
}

// document changes a document, now and then not at all.
func (m *mutator) document(raw []byte) []byte {
	if len(raw) == 0 {
		return raw
	}
	switch m.IntN(6) {
	case 0:
		return altered(raw, m.IntN(len(raw)))
	case 1:
		return m.respell(raw)
	case 2, 3:
		return m.member(raw)
	case 4:
		return m.rewrite(raw, pick(m, markup))
	}
	return raw
}
