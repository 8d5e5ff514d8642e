package soap

import _ "embed"

// wsdl is the description with LOCATION where the address belongs.
//
//go:embed service.wsdl
var wsdl string
