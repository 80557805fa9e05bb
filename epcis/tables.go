package epcis

import (
	"maps"
	"slices"
)

// The leaves.
var (
	anything         = &shape{}
	aText            = &shape{kind: text}
	aURI             = &shape{kind: text, leaf: checkURI}
	aTime            = &shape{kind: text, leaf: checkTime}
	aNumber          = &shape{kind: number}
	aBoolean         = &shape{kind: truth}
	aHex             = &shape{kind: text, leaf: checkHex}
	aUnit            = &shape{kind: text, leaf: checkUnit}
	anOffset         = &shape{kind: text, leaf: checkOffset}
	anAction         = &shape{kind: text, leaf: checkAction}
	aVersion         = &shape{kind: text, leaf: checkVersion}
	aStep            = &shape{kind: text, words: bizSteps}
	aState           = &shape{kind: text, words: dispositions}
	aReason          = &shape{kind: text, words: errorReasons}
	aMeasure         = &shape{kind: text, words: measurements}
	anAlert          = &shape{kind: text, words: alerts}
	aTransactionType = &shape{kind: text, words: transactionTypes}
	aPartyType       = &shape{kind: text, words: partyTypes}
	anAxis           = &shape{kind: text, words: components}
)

// The parts of events.
var (
	epcs     = &shape{kind: list, tag: "epc", item: aURI}
	epcSet   = &shape{kind: list, tag: "epc", item: aURI, unique: true}
	place    = &shape{kind: object, open: true, fields: []field{{"id", true, aURI}}}
	quantity = &shape{kind: object, fields: []field{
		{"epcClass", true, aURI}, {"quantity", false, aNumber}, {"uom", false, aUnit},
	}}
	quantities  = &shape{kind: list, tag: "quantityElement", item: quantity}
	transaction = &shape{kind: object, body: "bizTransaction", attrs: true, fields: []field{
		{"type", false, aTransactionType}, {"bizTransaction", true, aURI},
	}}
	transactions     = &shape{kind: list, tag: "bizTransaction", item: transaction}
	someTransactions = &shape{kind: list, tag: "bizTransaction", item: transaction, least: 1}
	source           = &shape{kind: object, body: "source", attrs: true, fields: []field{
		{"type", true, aPartyType}, {"source", true, aURI},
	}}
	sources     = &shape{kind: list, tag: "source", item: source}
	destination = &shape{kind: object, body: "destination", attrs: true, fields: []field{
		{"type", true, aPartyType}, {"destination", true, aURI},
	}}
	destinations   = &shape{kind: list, tag: "destination", item: destination}
	states         = &shape{kind: list, item: aState, least: 1, unique: true}
	persistent     = &shape{kind: object, least: 1, fields: []field{{"unset", false, states}, {"set", false, states}}}
	certifications = &shape{kind: list, item: aURI, lone: true}
	ilmd           = &shape{kind: object, open: true, keep: true}
	declaration    = &shape{kind: object, open: true, loose: true, fields: []field{
		{"declarationTime", true, aTime},
		{"reason", false, aReason},
		{"correctiveEventIDs", false, &shape{kind: list, tag: "correctiveEventID", item: aURI}},
	}}
)

// Sensor elements.
var (
	sensorMetadata = &shape{kind: object, open: true, attrs: true, fields: []field{
		{"time", false, aTime},
		{"deviceID", false, aURI},
		{"deviceMetadata", false, aURI},
		{"rawData", false, aURI},
		{"startTime", false, aTime},
		{"endTime", false, aTime},
		{"dataProcessingMethod", false, aURI},
		{"bizRules", false, aURI},
	}}
	sensorReport = &shape{kind: object, open: true, attrs: true, fields: []field{
		{"type", true, aMeasure},
		{"exception", false, anAlert},
		{"deviceID", false, aURI},
		{"deviceMetadata", false, aURI},
		{"rawData", false, aURI},
		{"dataProcessingMethod", false, aURI},
		{"bizRules", false, aURI},
		{"time", false, aTime},
		{"microorganism", false, aURI},
		{"chemicalSubstance", false, aURI},
		{"coordinateReferenceSystem", false, aURI},
		{"value", false, aNumber},
		{"component", false, anAxis},
		{"stringValue", false, aText},
		{"booleanValue", false, aBoolean},
		{"hexBinaryValue", false, aHex},
		{"uriValue", false, aURI},
		{"minValue", false, aNumber},
		{"maxValue", false, aNumber},
		{"meanValue", false, aNumber},
		{"sDev", false, aNumber},
		{"percRank", false, aNumber},
		{"percValue", false, aNumber},
		{"uom", false, aText},
	}}
	sensors = &shape{kind: list, tag: "sensorElement", item: &shape{kind: object, open: true, fields: []field{
		{"sensorMetadata", false, sensorMetadata},
		{"sensorReport", true, &shape{kind: list, item: sensorReport, least: 1}},
	}}}
)

// eventShape returns the shape of a type of event: what all have, then its own, in the
// order of EPCglobal-epcis-2_0.xsd. The order of 1.2 differs only in what stands in
// which extension.
func eventShape(own ...field) *shape {
	fields := []field{
		{"@context", false, anything},
		{"type", true, aText},
		{"eventTime", true, aTime},
		{"recordTime", false, aTime},
		{"eventTimeZoneOffset", true, anOffset},
		{"eventID", false, aURI},
		{"errorDeclaration", false, declaration},
		{"certificationInfo", false, certifications},
		{"baseExtension", false, nil},
	}
	fields = append(fields, own...)
	return &shape{kind: object, open: true, event: true, fields: append(fields, field{"extension", false, nil})}
}

// eventShapes are the events that are taken.
var eventShapes = map[Type]*shape{
	ObjectEvent: eventShape(
		field{"epcList", false, epcSet},
		field{"action", true, anAction},
		field{"bizStep", false, aStep},
		field{"disposition", false, aState},
		field{"readPoint", false, place},
		field{"bizLocation", false, place},
		field{"bizTransactionList", false, transactions},
		field{"quantityList", false, quantities},
		field{"sourceList", false, sources},
		field{"destinationList", false, destinations},
		field{"sensorElementList", false, sensors},
		field{"persistentDisposition", false, persistent},
		field{"ilmd", false, ilmd},
	),
	AggregationEvent: eventShape(
		field{"parentID", false, aURI},
		field{"childEPCs", false, epcs},
		field{"action", true, anAction},
		field{"bizStep", false, aStep},
		field{"disposition", false, aState},
		field{"readPoint", false, place},
		field{"bizLocation", false, place},
		field{"bizTransactionList", false, transactions},
		field{"childQuantityList", false, quantities},
		field{"sourceList", false, sources},
		field{"destinationList", false, destinations},
		field{"sensorElementList", false, sensors},
		field{"persistentDisposition", false, persistent},
	),
	TransactionEvent: eventShape(
		field{"bizTransactionList", true, someTransactions},
		field{"parentID", false, aURI},
		field{"epcList", false, epcs},
		field{"action", true, anAction},
		field{"bizStep", false, aStep},
		field{"disposition", false, aState},
		field{"readPoint", false, place},
		field{"bizLocation", false, place},
		field{"quantityList", false, quantities},
		field{"sourceList", false, sources},
		field{"destinationList", false, destinations},
		field{"sensorElementList", false, sensors},
		field{"persistentDisposition", false, persistent},
	),
	TransformationEvent: eventShape(
		field{"inputEPCList", false, epcSet},
		field{"inputQuantityList", false, quantities},
		field{"outputEPCList", false, epcSet},
		field{"outputQuantityList", false, quantities},
		field{"transformationID", false, aURI},
		field{"bizStep", false, aStep},
		field{"disposition", false, aState},
		field{"readPoint", false, place},
		field{"bizLocation", false, place},
		field{"bizTransactionList", false, transactions},
		field{"sourceList", false, sources},
		field{"destinationList", false, destinations},
		field{"sensorElementList", false, sensors},
		field{"persistentDisposition", false, persistent},
		field{"ilmd", false, ilmd},
	),
	AssociationEvent: eventShape(
		field{"parentID", true, aURI},
		field{"childEPCs", false, epcs},
		field{"childQuantityList", false, quantities},
		field{"action", true, anAction},
		field{"bizStep", false, aStep},
		field{"disposition", false, aState},
		field{"readPoint", false, place},
		field{"bizLocation", false, place},
		field{"bizTransactionList", false, transactions},
		field{"sourceList", false, sources},
		field{"destinationList", false, destinations},
		field{"sensorElementList", false, sensors},
		field{"persistentDisposition", false, persistent},
	),
}

// Documents in JSON. Their events are checked one by one.
var (
	attribute = &shape{kind: object, open: true, fields: []field{{"id", true, aURI}, {"attribute", false, anything}}}
	element   = &shape{kind: object, open: true, fields: []field{
		{"id", true, aURI},
		{"attributes", false, &shape{kind: list, item: attribute}},
		{"children", false, &shape{kind: list, item: aURI}},
	}}
	vocabularies = &shape{kind: list, item: &shape{kind: object, open: true, fields: []field{
		{"type", true, aURI},
		{"vocabularyElementList", false, &shape{kind: list, item: element}},
	}}}
	masterDataShape = &shape{kind: object, open: true, fields: []field{{"vocabularyList", false, vocabularies}}}
	documentShape   = &shape{kind: object, open: true, fields: []field{
		{"@context", true, anything},
		{"id", false, aURI},
		{"type", true, aText},
		{"schemaVersion", true, aVersion},
		{"creationDate", true, aTime},
		{"instanceIdentifier", false, aText},
		{"sender", false, aText},
		{"receiver", false, aText},
		{"epcisHeader", false, &shape{kind: object, open: true, fields: []field{{"epcisMasterData", false, masterDataShape}}}},
		{"epcisBody", true, &shape{kind: object, open: true, fields: []field{{"eventList", true, &shape{kind: list, item: anything}}}}},
	}}
)

// epcisWords are the members of events and documents, which the GS1 context defines.
var epcisWords = func() map[string]bool {
	words := map[string]bool{}
	for _, s := range append(slices.Collect(maps.Values(eventShapes)), documentShape) {
		for _, f := range s.fields {
			words[f.name] = f.shape != nil
		}
	}
	return words
}()
