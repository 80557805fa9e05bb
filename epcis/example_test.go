package epcis_test

import (
	"fmt"
	"time"

	"theriac/epcis"
)

const shipment = `{
  "@context": "https://ref.gs1.org/standards/epcis/2.0.0/epcis-context.jsonld",
  "type": "EPCISDocument", "schemaVersion": "2.0", "creationDate": "2026-02-03T10:00:00Z",
  "epcisBody": {"eventList": [
    {"type": "ObjectEvent", "action": "ADD", "bizStep": "commissioning",
     "eventTime": "2026-02-01T08:00:00Z", "eventTimeZoneOffset": "+01:00",
     "epcList": ["urn:epc:id:sgtin:030001.0012345.11", "urn:epc:id:sgtin:030001.0012345.12"],
     "ilmd": {"cbvmda:lotNumber": "A123", "cbvmda:itemExpirationDate": "2028-03-31"}},
    {"type": "AggregationEvent", "action": "ADD", "bizStep": "packing",
     "eventTime": "2026-02-01T09:00:00Z", "eventTimeZoneOffset": "+01:00",
     "parentID": "urn:epc:id:sscc:030001.41234567890",
     "childEPCs": ["https://id.gs1.org/01/00300010123455/21/11"]},
    {"type": "ObjectEvent", "action": "OBSERVE", "bizStep": "shipping",
     "eventTime": "2026-02-02T07:00:00Z", "eventTimeZoneOffset": "+01:00",
     "epcList": ["urn:epc:id:sscc:030001.41234567890"]}
  ]}}`

// A document is read, its lots are found, and a pack that somebody scanned is traced
// through its container.
func ExampleParse() {
	doc, err := epcis.Parse([]byte(shipment))
	if err != nil {
		fmt.Println(err)
		return
	}
	lots, err := epcis.Commissioned(doc)
	if err != nil {
		fmt.Println(err)
		return
	}
	for _, lot := range lots {
		fmt.Println(lot.GTIN, lot.Lot, lot.Expiry, len(lot.Packs), "packs")
	}
	pack, err := epcis.Canonical("(01)00300010123455(17)280331(10)A123(21)11", time.Date(2026, 3, 1, 0, 0, 0, 0, time.UTC))
	if err != nil {
		fmt.Println(err)
		return
	}
	for _, i := range epcis.Trace(doc.Events, pack) {
		fmt.Println(doc.Events[i].Time.Format(time.DateTime), doc.Events[i].BizStep)
	}
	// Output:
	// 00300010123455 A123 2028-03-31 2 packs
	// 2026-02-01 08:00:00 commissioning
	// 2026-02-01 09:00:00 packing
	// 2026-02-02 07:00:00 shipping
}
