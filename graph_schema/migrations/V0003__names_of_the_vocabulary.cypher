// Payment and Template become PaymentInstrument and PromptTemplate; autonomous systems have keys. Schema only.
DROP CONSTRAINT payment_key IF EXISTS;
DROP CONSTRAINT template_key IF EXISTS;
CREATE CONSTRAINT paymentinstrument_key IF NOT EXISTS FOR (n:PaymentInstrument) REQUIRE (n.key) IS UNIQUE;
CREATE CONSTRAINT prompttemplate_key IF NOT EXISTS FOR (n:PromptTemplate) REQUIRE (n.key) IS UNIQUE;
CREATE CONSTRAINT asn_key IF NOT EXISTS FOR (n:Asn) REQUIRE (n.key) IS UNIQUE;
