package epcis

import (
	"time"

	"theriac/gs1"
)

// checkContent returns a fault unless the event is about something, as the JSON schema
// asks and EPCIS 2.0, sections 7.4.2 to 7.4.6, say.
func checkContent(kind Type, v value) error {
	switch kind {
	case ObjectEvent:
		return checkObjectEvent(v)
	case AggregationEvent:
		if v.str("parentID") == "" && v.str("action") != string(Observe) {
			return at("parentID", invalid("missing, though the action is not OBSERVE"))
		}
		return checkChildren(v)
	case AssociationEvent:
		return checkChildren(v)
	case TransactionEvent:
		if !has(v, "epcList") && !filled(v, "quantityList") && v.str("action") != string(Delete) {
			return invalid("neither epcList nor quantityList, though the action is not DELETE")
		}
	case TransformationEvent:
		in := filled(v, "inputEPCList") || filled(v, "inputQuantityList")
		out := filled(v, "outputEPCList") || filled(v, "outputQuantityList")
		// Of a transformation in several steps, each may say a part.
		if !(in && out) && !((in || out) && has(v, "transformationID")) {
			return invalid("not both inputs and outputs, nor one of them with a transformationID")
		}
	}
	return nil
}

func checkObjectEvent(v value) error {
	if has(v, "ilmd") && v.str("action") != string(Add) {
		return at("ilmd", invalid("there, though the action is not ADD"))
	}
	measured := filled(v, "sensorElementList") && has(v, "readPoint")
	if !has(v, "epcList") && !filled(v, "quantityList") && !measured {
		return invalid("neither epcList nor quantityList, nor sensorElementList with readPoint")
	}
	return nil
}

func checkChildren(v value) error {
	if !filled(v, "childEPCs") && !filled(v, "childQuantityList") && v.str("action") != string(Delete) {
		return invalid("neither childEPCs nor childQuantityList, though the action is not DELETE")
	}
	return nil
}

func has(v value, name string) bool {
	_, ok := v.get(name)
	return ok
}

// filled reports whether the list is there and not empty.
func filled(v value, name string) bool {
	m, _ := v.get(name)
	return len(m.kids) > 0
}

// batch reads the lot number and expiry date that the event gives to its objects
// (CBV 2.0, master data attributes).
func (r *eventReader) batch() (lot gs1.Lot, expiry gs1.Date) {
	ilmd, _ := r.v.get("ilmd")
	for i := range ilmd.kids {
		name := mdaAttribute(r.names.expand(ilmd.kids[i].name))
		if name != "lotNumber" && name != "itemExpirationDate" {
			continue
		}
		v := ilmd.kids[i].value
		var err error
		switch {
		case v.kind != text:
			err = invalid("not a text")
		case name == "lotNumber" && lot != "" || name == "itemExpirationDate" && expiry != "":
			err = invalid("twice")
		case name == "lotNumber":
			lot = gs1.Lot(v.text)
			if lot.Check() != nil {
				err = invalid("not a lot number of 1 to 20 characters of GS1's set")
			}
		default:
			expiry, err = parseExpiry(v.text)
		}
		if err != nil {
			r.fail("ilmd", at(name, err))
		}
	}
	return lot, expiry
}

// parseExpiry reads a date, a month, whose last day is then meant as with AI 17, or a
// time. Of a time the day is taken that it shows, which is the day that was printed,
// and not that of UTC.
func parseExpiry(s string) (gs1.Date, error) {
	month, day := len("2006-01"), len(time.DateOnly)
	if len(s) == month && gs1.Date(s).Check() == nil {
		return gs1.Date(gs1.Date(s).LastDay().Format(time.DateOnly)), nil
	}
	if len(s) >= day {
		clock := s[day:]
		if clock == "" || clock[0] != 'T' {
			clock = "T00:00:00" + clock
		}
		// XML schema dates and times may do without the zone.
		full := s[:day] + clock
		if checkTime(full) == nil || checkTime(full+"Z") == nil {
			return gs1.Date(s[:day]), nil
		}
	}
	return "", invalid("neither a date nor a month")
}
