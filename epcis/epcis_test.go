package epcis

import (
	"bytes"
	"fmt"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"theriac/canon"
	"theriac/gs1"
	"theriac/refusal"
)

// sample is the document of GS1 US for the DSCSA: twelve packs in three cases on a
// pallet, from maker to wholesaler.
const sample = xml12 + "Capture/Documents/GS1_US_Pharma_Example_2_2_1_1.xml"

// The identifiers of the sample in canonical form. The check digits were worked out by
// hand.
const (
	samplePack   = "https://id.gs1.org/01/00300010123455/21/11"
	sampleCase   = "https://id.gs1.org/01/10300010123452/21/110"
	samplePallet = "https://id.gs1.org/00/403000112345678901"
)

func parsed(t testing.TB, raw []byte) *Document {
	t.Helper()
	doc, err := Parse(raw)
	if err != nil {
		t.Fatal(err)
	}
	return doc
}

func TestSample(t *testing.T) {
	raw := document(t, sample)
	doc := parsed(t, raw)
	if len(doc.Events) != 8 || len(doc.MasterData) != 6 {
		t.Fatalf("got %d events and %d items of master data, want 8 and 6", len(doc.Events), len(doc.MasterData))
	}
	events, master := doc.Events, doc.MasterData[0]
	doc.Events, doc.MasterData = nil, nil
	want := &Document{
		Digest: canon.Sum(raw), Media: "application/xml", Version: "1.2", Created: "2023-04-01T08:45:16Z",
		Sender: "urn:epc:id:sgln:030001.111111.0", Receiver: "urn:epc:id:sgln:039999.999999.0",
	}
	if diff := cmp.Diff(doc, want); diff != "" {
		t.Errorf("document (-got +want):\n%s", diff)
	}
	name := Attribute{"urn:epcglobal:cbv:mda#regulatedProductName", "Epcistra"}
	if master.ID != "urn:epc:idpat:sgtin:030001.0012345.*" || len(master.Attributes) != 7 || master.Attributes[2] != name {
		t.Errorf("master data: got %+v", master)
	}
	shipping := Event{
		Number: 8, Type: ObjectEvent, Action: Observe, Offset: "-05:00",
		Time: time.Date(2023, 4, 1, 7, 48, 16, 0, time.UTC),
		EPCs: []string{samplePallet}, BizStep: "shipping", Disposition: "in_transit",
		ReadPoint: "https://id.gs1.org/414/0300011111215",
		Transactions: []Link{
			{"po", "urn:epcglobal:cbv:bt:0399999999991:XYZPO189"},
			{"desadv", "urn:epcglobal:cbv:bt:0300011111215:DEL100"},
		},
		Sources: []Link{
			{"owning_party", "https://id.gs1.org/414/0300011111116"},
			{"location", "https://id.gs1.org/414/0300011111215"},
		},
		Destinations: []Link{
			{"owning_party", "https://id.gs1.org/414/0399999999991"},
			{"location", "https://id.gs1.org/414/0399993456780"},
		},
	}
	if diff := cmp.Diff(events[7], shipping); diff != "" {
		t.Errorf("event 8 (-got +want):\n%s", diff)
	}
	if e := events[0]; e.Lot != "A123" || e.Expiry != "2025-03-27" || len(e.EPCs) != 12 || e.EPCs[0] != samplePack {
		t.Errorf("event 1: got %+v", e)
	}
}

// jsonEvent returns a document of one event, an ObjectEvent unless the members say else.
func jsonEvent(members string) []byte {
	if !strings.Contains(members, `"type"`) {
		members = `"type":"ObjectEvent",` + members
	}
	return []byte(`{"@context":"https://ref.gs1.org/standards/epcis/2.0.0/epcis-context.jsonld",` +
		`"eventTime":"2026-01-02T03:04:05.678+02:00","eventTimeZoneOffset":"+02:00",` + members + `}`)
}

func xmlEvents(events string) []byte {
	return []byte(`<?xml version="1.0"?><e:EPCISDocument xmlns:e="urn:epcglobal:epcis:xsd:2" schemaVersion="2.0"` +
		` xmlns:mda="urn:epcglobal:cbv:mda" creationDate="2026-01-02T03:04:05"><EPCISBody><EventList>` + events +
		`</EventList></EPCISBody></e:EPCISDocument>`)
}

func xmlObjectEvent(members string) []byte {
	return xmlEvents(`<ObjectEvent><eventTime>2026-01-02T03:04:05.678+02:00</eventTime>` +
		`<eventTimeZoneOffset>+02:00</eventTimeZoneOffset>` + members + `</ObjectEvent>`)
}

// Every member of every type arrives, in both syntaxes.
func TestEventMembers(t *testing.T) {
	id := func(serial string) string { return "https://id.gs1.org/01/09521141012345/21/" + serial }
	lot := func(lot string) string { return "https://id.gs1.org/01/09521141012345/10/" + lot }
	when := time.Date(2026, 1, 2, 1, 4, 5, 678e6, time.UTC)
	for _, tt := range []struct {
		name string
		raw  []byte
		want Event
	}{
		{
			"error declaration", jsonEvent(`"action":"OBSERVE","epcList":[],"eventID":"urn:uuid:1","certificationInfo":"urn:x:1",
			"errorDeclaration":{"declarationTime":"2026-02-02T03:04:05Z","reason":"incorrect_data","correctiveEventIDs":["urn:uuid:2"],"x:y":1}`),
			Event{Type: ObjectEvent, Action: Observe, ID: "urn:uuid:1", Certifications: []string{"urn:x:1"}, Error: &Declaration{
				Time: time.Date(2026, 2, 2, 3, 4, 5, 0, time.UTC), Reason: "incorrect_data", Corrective: []string{"urn:uuid:2"},
			}},
		},
		{
			"the same in EPCIS 1.2", xmlObjectEvent(`<baseExtension><eventID>urn:uuid:1</eventID><errorDeclaration>
			<declarationTime>2026-02-02T03:04:05Z</declarationTime><reason>urn:epcglobal:cbv:er:incorrect_data</reason>
			<correctiveEventIDs><correctiveEventID>urn:uuid:2</correctiveEventID></correctiveEventIDs></errorDeclaration></baseExtension>
			<epcList/><action>OBSERVE</action>`),
			Event{Type: ObjectEvent, Action: Observe, ID: "urn:uuid:1", Error: &Declaration{
				Time: time.Date(2026, 2, 2, 3, 4, 5, 0, time.UTC), Reason: "incorrect_data", Corrective: []string{"urn:uuid:2"},
			}},
		},
		{
			"transformation", jsonEvent(`"type":"TransformationEvent","transformationID":"urn:x:t",
			"inputEPCList":["` + id("1") + `"],"inputQuantityList":[{"epcClass":"` + lot("A") + `","quantity":10.50,"uom":"KGM"}],
			"outputEPCList":["` + id("2") + `"],"outputQuantityList":[{"epcClass":"` + lot("B") + `"}]`),
			Event{
				Type: TransformationEvent, TransformationID: "urn:x:t",
				Inputs: []string{id("1")}, InputQuantities: []Quantity{{lot("A"), "10.5", "KGM"}},
				Outputs: []string{id("2")}, OutputQuantities: []Quantity{{Class: lot("B")}},
			},
		},
		{
			"association", jsonEvent(`"type":"AssociationEvent","action":"ADD","parentID":"urn:epc:id:grai:4012345.55555.987",
			"childEPCs":["` + id("1") + `"],"childQuantityList":[{"epcClass":"` + lot("A") + `"}],"persistentDisposition":{"set":["conformant"]}`),
			Event{
				Type: AssociationEvent, Action: Add, Parent: "urn:epc:id:grai:4012345.55555.987",
				Children: []string{id("1")}, ChildQuantities: []Quantity{{Class: lot("A")}},
			},
		},
		{
			"one object, two spellings", jsonEvent(`"action":"OBSERVE","epcList":["` + id("1") + `","urn:epc:id:sgtin:9521141.001234.1"]`),
			Event{Type: ObjectEvent, Action: Observe, EPCs: []string{id("1")}},
		},
		{
			"names written out", jsonEvent(`"action":"ADD","epcList":["urn:x:1"],"bizStep":"cbv:BizStep-commissioning",
			"disposition":"https://ref.gs1.org/cbv/Disp-active",
			"ilmd":{"cbvmda:lotNumber":"A","urn:epcglobal:cbv:mda:itemExpirationDate":"2027-02","ex:lotNumber":"B"}`),
			Event{Type: ObjectEvent, Action: Add, EPCs: []string{"urn:x:1"}, BizStep: "commissioning", Disposition: "active", Lot: "A", Expiry: "2027-02-28"},
		},
		{
			"names written out in XML", xmlObjectEvent(`<epcList><epc> urn:x:1
			</epc></epcList><action>ADD</action><bizStep>cbv:BizStep-commissioning</bizStep><disposition xmlns:ex="https://example.com/">ex:good</disposition>
			<ilmd><mda:lotNumber>A<!-- not the end -->B</mda:lotNumber></ilmd>`),
			Event{Type: ObjectEvent, Action: Add, EPCs: []string{"urn:x:1"}, BizStep: "commissioning", Disposition: "https://example.com/good", Lot: "AB"},
		},
		{
			"no quantity", xmlObjectEvent(`<action>OBSERVE</action><quantityList><quantityElement><epcClass>` + lot("A") + `</epcClass>
			<quantity xmlns:xsi="http://www.w3.org/2001/XMLSchema-instance" xsi:nil="true"/></quantityElement></quantityList>`),
			Event{Type: ObjectEvent, Action: Observe, Quantities: []Quantity{{Class: lot("A")}}},
		},
	} {
		t.Run(tt.name, func(t *testing.T) {
			tt.want.Number, tt.want.Time, tt.want.Offset = 1, when, "+02:00"
			if diff := cmp.Diff(parsed(t, tt.raw).Events[0], tt.want); diff != "" {
				t.Errorf("(-got +want):\n%s", diff)
			}
		})
	}
}

// A prefix that a document defines is written out, one in an event only there.
func TestContextPrefixes(t *testing.T) {
	event := func(context string) string {
		return `{"type":"ObjectEvent","eventTime":"2026-01-02T03:04:05Z","eventTimeZoneOffset":"+02:00","action":"OBSERVE",` + context +
			`"epcList":["ex:1","in:2"],"bizStep":"in:step"}`
	}
	doc := parsed(t, []byte(`{"epcisBody":{"eventList":[`+event(`"@context":{"in":{"@id":"https://in.example/"}},`)+`,`+event("")+`]},
		"type":"EPCISDocument","schemaVersion":"2.0.1","creationDate":"2026-01-02T03:04:05Z","sender":"me",
		"@context":["https://gs1.github.io/EPCIS/epcis-context.jsonld",{"ex":"https://ex.example/","gs1":"https://gs1.org/voc/"}]}`))
	for i, want := range []string{"[https://ex.example/1 https://in.example/2] https://in.example/step", "[https://ex.example/1 in:2] in:step"} {
		if got := fmt.Sprint(doc.Events[i].EPCs, " ", doc.Events[i].BizStep); got != want {
			t.Errorf("event %d: got %s, want %s", i+1, got, want)
		}
	}
	if doc.Sender != "me" || doc.Version != "2.0.1" || doc.Media != "application/ld+json" {
		t.Errorf("document: got %+v", doc)
	}
}

func TestIdentifiers(t *testing.T) {
	e := Event{
		Parent: "p", EPCs: []string{"e"}, Children: []string{"c"}, Inputs: []string{"i"}, Outputs: []string{"o"},
		Quantities: []Quantity{{Class: "E"}}, ChildQuantities: []Quantity{{Class: "C"}},
		InputQuantities: []Quantity{{Class: "I"}}, OutputQuantities: []Quantity{{Class: "O"}},
	}
	want := []Identifier{
		{"p", RoleParent, false},
		{"e", RoleObject, false},
		{"E", RoleObject, true},
		{"c", RoleChild, false},
		{"C", RoleChild, true},
		{"i", RoleInput, false},
		{"I", RoleInput, true},
		{"o", RoleOutput, false},
		{"O", RoleOutput, true},
	}
	for n := range len(want) + 1 {
		var got []Identifier
		for id := range e.Identifiers() {
			if len(got) == n {
				break
			}
			got = append(got, id)
		}
		if diff := cmp.Diff(got, want[:n:n]); n > 0 && diff != "" {
			t.Errorf("the first %d (-got +want):\n%s", n, diff)
		}
	}
}

func TestCanonical(t *testing.T) {
	for _, tt := range []struct{ in, want string }{
		{"urn:epc:id:sgtin:030001.0012345.11", samplePack},
		{"URN:EPC:id:sgtin:030001.0012345.11", samplePack},
		{"https://example.com/some/01/00300010123455/10/A123/21/11?17=250327&linkType=x", samplePack},
		{"(01)00300010123455(17)250327(10)A123(21)11", samplePack},
		{" 0100300010123455172503271011A\x1d2111 ", samplePack},
		{"00300010123455", "https://id.gs1.org/01/00300010123455"},
		{"urn:epc:idpat:sgtin:030001.0012345.*", "https://id.gs1.org/01/00300010123455"},
		{"urn:epc:class:lgtin:030001.0012345.A123", "https://id.gs1.org/01/00300010123455/10/A123"},
		{"https://id.gs1.org/01/00300010123455/10/A123", "https://id.gs1.org/01/00300010123455/10/A123"},
		{"403000112345678901", samplePallet},
		{"urn:epc:id:sgln:030001.111111.0", "https://id.gs1.org/414/0300011111116"},
		{"urn:epc:id:sgln:030001.111111.X1", "https://id.gs1.org/414/0300011111116/254/X1"},
		{"urn:epc:id:pgln:030001.111111", "https://id.gs1.org/417/0300011111116"},
		{"urn:epc:id:grai:4012345.55555.987", "urn:epc:id:grai:4012345.55555.987"},
		{"https://id.gs1.org/8004/4000001111", "https://id.gs1.org/8004/4000001111"},
		{"https://shop.example/party/42", "https://shop.example/party/42"},
		{"ni:///sha-256;00?ver=CBV2.0", "ni:///sha-256;00?ver=CBV2.0"},
	} {
		got, err := Canonical(tt.in, noDay)
		if err != nil || got != tt.want {
			t.Errorf("Canonical(%q) = %q, %v, want %q", tt.in, got, err, tt.want)
		}
	}
	for _, bad := range []string{
		"", "x", "00300010123456", "urn:epc:id:sgtin:030001.0012345", "urn:epc:id:sgtin:030001.0012345.", "urn:epc:class:lgtin:030001.0012345.a b",
		"https://id.gs1.org/01/00300010123456/21/11", "https://example.com/01/00300010123456/21/11", "https://id.gs1.org/01/003/21/11",
		"https://id.gs1.org/00/403000112345678901?01=00300010123455", "(17)250327",
	} {
		if got, err := Canonical(bad, noDay); refusal.Code(err) != "bad_identifier" {
			t.Errorf("Canonical(%q) = %q, %v, want %v", bad, got, err, ErrIdentifier)
		}
	}
}

// A word of the CBV has one spelling, whatever the document's; others keep theirs.
func TestVocabularyForms(t *testing.T) {
	for _, tt := range []struct{ in, inXML, inJSON string }{
		{"shipping", "", "shipping"},
		{"urn:epcglobal:cbv:bizstep:shipping", "shipping", ""},
		{"https://ref.gs1.org/cbv/BizStep-shipping", "shipping", "shipping"},
		{"http://ref.gs1.org/cbv/BizStep-shipping", "shipping", "shipping"},
		{"https://ns.gs1.org/cbv/BizStep-shipping", "shipping", ""},
		{"cbv:BizStep-shipping", "shipping", "shipping"},
		{"urn:epcglobal:cbv:bizstep:drifting", "urn:epcglobal:cbv:bizstep:drifting", ""},
		{"https://ref.gs1.org/cbv/BizStep-drifting", "https://ref.gs1.org/cbv/BizStep-drifting", "https://ref.gs1.org/cbv/BizStep-drifting"},
		{"https://ref.gs1.org/cbv/Disp-active", "https://ref.gs1.org/cbv/Disp-active", "https://ref.gs1.org/cbv/Disp-active"},
		{"https://example.com/bizStep/shipping", "https://example.com/bizStep/shipping", "https://example.com/bizStep/shipping"},
		{"Shipping", "", ""},
		{"drifting", "", ""},
	} {
		for _, syntax := range []struct {
			raw  []byte
			want string
		}{
			{xmlObjectEvent(goodXML + "<bizStep>" + tt.in + "</bizStep>"), tt.inXML},
			{jsonEvent(goodJSON + `,"bizStep":"` + tt.in + `"`), tt.inJSON},
		} {
			got := ""
			doc, err := Parse(syntax.raw)
			if err == nil {
				got = doc.Events[0].BizStep
			}
			if got != syntax.want || (err == nil) != (syntax.want != "") {
				t.Errorf("bizStep %q: got %q, %v, want %q", tt.in, got, err, syntax.want)
			}
		}
	}
}

// Master data are the same in both syntaxes.
func TestMasterData(t *testing.T) {
	inJSON := parsed(t, []byte(`{"@context":"https://ref.gs1.org/standards/epcis/epcis-context.jsonld","type":"EPCISDocument",
		"schemaVersion":"2.0","creationDate":"2026-01-02T03:04:05Z","epcisBody":{"eventList":[]},"epcisHeader":{"epcisMasterData":{
		"vocabularyList":[{"type":"urn:epcglobal:epcis:vtype:BizLocation","vocabularyElementList":[{"id":"urn:epc:id:sgln:0054321.00729.0",
		"attributes":[{"id":"urn:epcglobal:cbv:mda:site","attribute":"WH01"},{"id":"urn:x:1","attribute":{}}],"children":["urn:x:2","urn:x:3"]}]}]}}}`))
	inXML := parsed(t, bytes.Replace(xmlEvents(""), []byte("<EPCISBody>"), []byte(`<EPCISHeader><extension><EPCISMasterData><VocabularyList>
		<Vocabulary type="urn:epcglobal:epcis:vtype:BizLocation"><VocabularyElementList><VocabularyElement id="urn:epc:id:sgln:0054321.00729.0">
		<attribute id="urn:epcglobal:cbv:mda:site">WH01</attribute><attribute id="urn:x:1"><x/></attribute>
		<children><id>urn:x:2</id><id>urn:x:3</id></children></VocabularyElement></VocabularyElementList></Vocabulary>
		</VocabularyList></EPCISMasterData></extension></EPCISHeader><EPCISBody>`), 1))
	want := []MasterData{{
		Vocabulary: "urn:epcglobal:epcis:vtype:BizLocation", ID: "urn:epc:id:sgln:0054321.00729.0",
		Attributes: []Attribute{{"urn:epcglobal:cbv:mda:site", "WH01"}, {"urn:x:1", ""}}, Children: []string{"urn:x:2", "urn:x:3"},
	}}
	for _, got := range []*Document{inJSON, inXML} {
		if diff := cmp.Diff(got.MasterData, want); diff != "" || len(got.Events) != 0 {
			t.Errorf("%s: %d events, master data (-got +want):\n%s", got.Media, len(got.Events), diff)
		}
	}
}

func TestExpiryForms(t *testing.T) {
	for _, tt := range []struct {
		in   string
		want gs1.Date
	}{
		{"2027-03-31", "2027-03-31"},
		{"2027-03-31Z", "2027-03-31"},
		{"2027-03-31+02:00", "2027-03-31"},
		{"2027-03-31T00:00:00", "2027-03-31"},
		{"2027-03-31T23:30:00.5-05:00", "2027-03-31"},
		{"2027-04", "2027-04-30"},
		{"2028-02", "2028-02-29"},
		{"2027-13", ""},
		{"2027-02-29", ""},
		{"2027-3-1", ""},
		{"270331", ""},
		{"31.03.2027", ""},
		{"2027-03-31T", ""},
		{"2027-03-31 00:00:00", ""},
		{"", ""},
	} {
		if got, err := parseExpiry(tt.in); got != tt.want || (err == nil) != (tt.want != "") {
			t.Errorf("parseExpiry(%q) = %q, %v, want %q", tt.in, got, err, tt.want)
		}
	}
}

func TestDecimal(t *testing.T) {
	for in, want := range map[string]string{
		"": "", "10": "10", "10.0": "10", "+010.50": "10.5", ".5": "0.5", "-0": "0", "-0.50": "-0.5", "1e3": "1000", "1.5E-3": "0.0015",
		"0.1000000000000000000001": "0.1000000000000000000001",
	} {
		if got := decimal(in); got != want {
			t.Errorf("decimal(%q) = %q, want %q", in, got, want)
		}
	}
}
