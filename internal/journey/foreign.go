package journey

import (
	"fmt"
	"strings"
	"time"
)

// ForeignDocument returns an EPCIS 2.0 document as another company's system
// would send it: two packs commissioned, packed into a case and shipped. Nothing
// in it is on our ledger before somebody captures it. The second result is the
// Digital Link of the first pack.
func ForeignDocument(at time.Time) (doc []byte, pack string) {
	gtin, place := checked("0952400000001"), "https://id.gs1.org/414/"+checked("952400000000")
	lot := "F" + strings.ReplaceAll(at.UTC().Format("0102150405.000"), ".", "")
	link := func(serial int) string { return fmt.Sprintf("https://id.gs1.org/01/%s/21/%s%d", gtin, lot, serial) }
	stamp := func(hours int) string {
		return at.Add(time.Duration(hours) * time.Hour).UTC().Format("2006-01-02T15:04:05.000Z")
	}
	event := func(typ, hours, rest string) string {
		return fmt.Sprintf(`{"type":%q,"eventTime":%q,"eventTimeZoneOffset":"+00:00","readPoint":{"id":%q},%s}`, typ, hours, place, rest)
	}
	packs := fmt.Sprintf("%q,%q", link(1), link(2))
	sscc := "https://id.gs1.org/00/" + checked("39524000000000001")
	events := []string{
		event("ObjectEvent", stamp(-72), fmt.Sprintf(
			`"action":"ADD","bizStep":"commissioning","disposition":"active","epcList":[%s],"ilmd":{"cbvmda:lotNumber":%q,"cbvmda:itemExpirationDate":%q}`,
			packs, lot, at.AddDate(2, 0, 0).Format(time.DateOnly))),
		event("AggregationEvent", stamp(-48), fmt.Sprintf(
			`"action":"ADD","bizStep":"packing","disposition":"in_progress","parentID":%q,"childEPCs":[%s]`, sscc, packs)),
		event("ObjectEvent", stamp(-24), fmt.Sprintf(`"action":"OBSERVE","bizStep":"shipping","disposition":"in_transit","epcList":[%q]`, sscc)),
	}
	return fmt.Appendf(nil, `{"@context":["https://ref.gs1.org/standards/epcis/epcis-context.jsonld",{"cbvmda":"urn:epcglobal:cbv:mda:"}],`+
		`"type":"EPCISDocument","schemaVersion":"2.0","creationDate":%q,"epcisBody":{"eventList":[%s]}}`,
		at.UTC().Format("2006-01-02T15:04:05.000Z"), strings.Join(events, ",")), link(1)
}
