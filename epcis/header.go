package epcis

// sbdh is the namespace of the UN/CEFACT Standard Business Document Header.
const sbdh = "http://www.unece.org/cefact/namespaces/StandardBusinessDocumentHeader"

// readXMLHeader reads sender, receiver and master data, where EPCIS 1.2 and 2.0 have them.
func (d *Document) readXMLHeader(header *xmlElement) error {
	business, err := header.child(sbdh, "StandardBusinessDocumentHeader")
	if err != nil {
		return err
	}
	if business != nil {
		if d.Sender, err = business.partner("Sender"); err != nil {
			return err
		}
		if d.Receiver, err = business.partner("Receiver"); err != nil {
			return err
		}
	}
	extension, err := header.child("", "extension")
	if err != nil || extension == nil {
		return err
	}
	master, err := extension.child("", "EPCISMasterData")
	if err != nil || master == nil {
		return err
	}
	vocabularies, err := master.child("", "VocabularyList")
	if err != nil || vocabularies == nil {
		return err
	}
	for i := range vocabularies.kids {
		if err := d.readVocabulary(&vocabularies.kids[i]); err != nil {
			return at("VocabularyList", atItem(i, err))
		}
	}
	return nil
}

// partner returns the identifier of the first sender or receiver.
func (e *xmlElement) partner(role string) (string, error) {
	for i := range e.kids {
		if e.kids[i].space != sbdh || e.kids[i].local != role {
			continue
		}
		id, err := e.kids[i].child(sbdh, "Identifier")
		if err != nil || id == nil {
			return "", err
		}
		return id.text, nil
	}
	return "", nil
}

func (d *Document) readVocabulary(vocabulary *xmlElement) error {
	kind := vocabulary.attr("type")
	if err := checkURI(kind); err != nil {
		return at("type", err)
	}
	elements, err := vocabulary.child("", "VocabularyElementList")
	if err != nil || elements == nil {
		return err
	}
	for i := range elements.kids {
		m := MasterData{Vocabulary: kind}
		if err := m.read(&elements.kids[i]); err != nil {
			return at("VocabularyElementList", atItem(i, err))
		}
		d.MasterData = append(d.MasterData, m)
	}
	return nil
}

func (m *MasterData) read(e *xmlElement) error {
	m.ID = e.attr("id")
	if err := checkURI(m.ID); err != nil {
		return at("id", err)
	}
	for i := range e.kids {
		k := &e.kids[i]
		switch k.local {
		case "attribute":
			name := k.attr("id")
			if err := checkURI(name); err != nil {
				return at("attribute", err)
			}
			m.Attributes = append(m.Attributes, Attribute{name, k.text})
		case "children":
			for j := range k.kids {
				m.Children = append(m.Children, k.kids[j].text)
			}
		}
	}
	return nil
}
