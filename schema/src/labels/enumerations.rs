//! The label of every value of every enumeration, in the order of the schema.

use super::{Enumeration, words};

macro_rules! labels {
    ($( $enumeration:ident { $( $value:ident: $spanish:literal, $english:literal; )+ } )+) => {
        &[ $( Enumeration {
            name: stringify!($enumeration),
            values: &[ $( (stringify!($value), words($spanish, $english)), )+ ],
        }, )+ ]
    };
}

pub(super) const ENUMERATIONS: &[Enumeration] = labels! {
    AccessLevel {
        ALLOWED: "Permitido", "Allowed";
        DEPENDS: "Depende del registro", "Depends on the record";
    }
    ActivityKind {
        SHELTER_MANAGEMENT: "Operación del albergue", "Running a shelter";
        CENTRE_LOAN: "Comodato del centro", "Loan of a centre";
        INSPECTION: "Inspección", "Inspections";
        MEALS: "Comidas", "Meals";
        DELIVERIES: "Entregas a hogares", "Goods for households";
        HEALTH_CARE: "Atención médica", "Health care";
        COURSES: "Cursos", "Courses and formation";
        JOB_EVENTS: "Ferias de empleo y capacitaciones", "Job fairs and trainings";
        TUTORIALS: "Tutoriales", "Tutorials";
        VOLUNTEERING: "Voluntariado", "Volunteering";
    }
    ActivitySector {
        CAMP_MANAGEMENT: "Coordinación y gestión de albergues", "Shelter management";
        SHELTER: "Alojamiento de emergencia y artículos no alimentarios", "Lodging and household items";
        FOOD_SECURITY: "Seguridad alimentaria", "Food security";
        HEALTH: "Salud", "Health";
        EDUCATION: "Educación", "Education";
        PROTECTION: "Protección", "Protection";
        LIVELIHOODS: "Recuperación temprana", "Livelihoods";
        LOGISTICS: "Logística", "Logistics";
    }
    ActivityStatus {
        ONGOING: "En curso", "Under way";
        ENDED: "Concluida", "Ended";
    }
    AgencyKind {
        GOVERNMENT: "Gobierno", "Government";
        INTERNATIONAL: "Agencia de las Naciones Unidas", "United Nations agency";
        COMMISSION: "Comisión de derechos humanos", "Human rights commission";
        NGO: "Organización de la sociedad civil", "Civil-society organisation";
    }
    ArcoAsker {
        PERSON: "La propia persona", "The person";
        GUARDIAN: "Madre, padre o quien ejerce la tutela", "Parent or guardian";
        REPRESENTATIVE: "Representante", "Representative";
        RELATIVE_OF_THE_DECEASED: "Familiar de una persona fallecida", "Relative of somebody who died";
    }
    ArcoGround {
        NOT_PROVED: "Identidad o personalidad no acreditada", "Identity or standing not proved";
        NOT_HELD: "Los datos no obran aquí", "The data is not held here";
        LEGAL_IMPEDIMENT: "Impedimento legal", "Legal impediment";
        RIGHTS_OF_OTHERS: "Afecta derechos de otra persona", "Harms the rights of somebody else";
        PROCEEDINGS: "Obstaculiza un procedimiento de autoridad", "Hinders proceedings of an authority";
        RESTRICTED_BY_AUTHORITY: "Restringido por una autoridad", "Restricted by an authority";
        DONE_BEFORE: "Ya se hizo antes", "Done before";
        NOT_COMPETENT: "Corresponde a otra instancia", "For somebody else to answer";
        PROTECTS_THE_PERSON: "Protege intereses de la persona", "Protects the person's own interests";
        DUTY_OF_THE_PERSON: "Obligación legal de la persona", "Legal duty of the person";
    }
    ArcoKind {
        ACCESS: "Acceso", "Access";
        RECTIFICATION: "Rectificación", "Rectification";
        CANCELLATION: "Cancelación", "Cancellation";
        OPPOSITION: "Oposición", "Opposition";
    }
    ArcoState {
        RECEIVED: "Recibida", "Received";
        EXTENDED: "Con plazo ampliado", "Time extended";
        GRANTED: "Concedida", "Granted";
        REFUSED: "Negada", "Refused";
        CARRIED_OUT: "Hecha efectiva", "Carried out";
    }
    AttendanceState {
        PRESENT: "Presente", "Present";
        LATE: "Con retardo", "Late";
        EXCUSED: "Falta justificada", "Excused";
        ABSENT: "Ausente", "Absent";
    }
    BedNeed {
        LOWER_BED: "Cama baja", "Lower bed";
        COT: "Cuna", "Cot";
        NEAR_TOILETS: "Cerca de los sanitarios", "Near the toilets";
        APART: "Aparte de quienes tosen", "Apart from those who cough";
    }
    BedState {
        FREE: "Libre", "Free";
        OCCUPIED: "Ocupada", "Occupied";
        HELD: "Apartada", "Held";
        BLOCKED: "Bloqueada", "Blocked";
    }
    BudgetPurpose {
        CENSUS: "Censo", "Census";
        HEALTH: "Salud", "Health";
        SHELTERS: "Albergues", "Shelters";
        FOOD: "Alimentación", "Food";
        EMPLOYMENT: "Empleo", "Employment";
        DONATIONS: "Donaciones", "Donations";
        HOUSING: "Vivienda", "Housing";
        EDUCATION: "Educación", "Education";
        DEPARTURES: "Egresos", "Departures";
        REHABILITATION: "Rehabilitación de centros", "Rehabilitation of centres";
        COORDINATION: "Coordinación", "Coordination";
    }
    CentreWorkState {
        PLANNED: "Planeada", "Planned";
        BEGUN: "En curso", "Under way";
        DONE: "Terminada", "Done";
        CANCELLED: "Cancelada", "Cancelled";
    }
    Condition {
        NEW: "Nuevo", "New";
        GOOD: "Usado, como nuevo", "Used, as good as new";
        WORN: "Usado, con desgaste", "Used, worn";
    }
    ContainerKind {
        BOX: "Caja", "Box";
        PALLET: "Tarima", "Pallet";
    }
    CountStanding {
        PUBLISHED: "Publicada", "Published";
        WITHHELD: "Reservada", "Withheld";
        NOT_PUBLISHED: "No publicada", "Not published";
    }
    CourseKind {
        SPANISH: "Español", "Spanish";
        SOCIAL: "Vida en México", "Life in Mexico";
        CULTURAL: "Cultura", "Culture";
        SPORT: "Deporte", "Sport";
        ART: "Arte", "Art";
        FORMATIVE: "Programa formativo", "Formative programme";
    }
    CourseLevel {
        LEVELLING: "Nivelación", "Levelling";
        PRESCHOOL: "Preescolar", "Preschool";
        PRIMARY: "Primaria", "Primary school";
        SECONDARY: "Secundaria", "Secondary school";
        REVALIDATION: "Revalidación", "Revalidation";
        FORMATIVE: "Formativo", "Formative";
    }
    CustodyTransferState {
        PROPOSED: "Propuesta", "Proposed";
        ACCEPTED: "Aceptada", "Accepted";
        DECLINED: "Declinada", "Declined";
        WITHDRAWN: "Retirada", "Withdrawn";
    }
    CustodyWithdrawal {
        HOLDER: "Retirada por quien la propuso", "Taken back by the holder";
        DEPARTED: "Egreso de la persona", "The person has left";
        WITHHELD: "Cancelación de datos concedida", "Cancellation of the data granted";
    }
    DayOrder {
        DAY_FIRST: "Día, mes, año", "Day, month, year";
        MONTH_FIRST: "Mes, día, año", "Month, day, year";
        YEAR_FIRST: "Año, mes, día", "Year, month, day";
    }
    DepartureState {
        PLANNED: "Planeado", "Planned";
        CONFIRMED: "Confirmado", "Confirmed";
        CANCELLED: "Cancelado", "Cancelled";
        REVERSED: "Revertido", "Reversed";
    }
    DestinationKind {
        DWELLING: "Vivienda en esta ciudad", "Dwelling in this city";
        CITY: "Otra ciudad del país", "Another city of this country";
        COUNTRY: "Otro país", "Another country";
    }
    Diet {
        INFANT: "Lactante", "Infant";
        SOFT: "Blanda", "Soft";
        DIABETIC: "Para diabetes", "Diabetic";
        LOW_SALT: "Baja en sal", "Low in salt";
        VEGETARIAN: "Vegetariana", "Vegetarian";
        NO_PORK: "Sin cerdo", "Without pork";
        PREGNANT: "Embarazo o lactancia", "Pregnant or nursing";
    }
    DocumentKind {
        PASSPORT: "Pasaporte", "Passport";
        NATIONAL_ID: "Identificación nacional", "National identity card";
        BIRTH_CERTIFICATE: "Acta de nacimiento", "Birth certificate";
        CONSULAR_ID: "Documento consular", "Consular document";
        MIGRATION_CARD: "Documento migratorio", "Migration document";
        OTHER: "Otro documento", "Another document";
    }
    DonationItemOrder {
        RECEIVED_ON: "Recepción, de la más antigua a la más reciente", "Receipt, oldest first";
        RECEIVED_ON_DESC: "Recepción, de la más reciente a la más antigua", "Receipt, newest first";
        EXPIRES_ON: "Caducidad, de la más próxima a la más lejana", "Expiry, soonest first";
        EXPIRES_ON_DESC: "Caducidad, de la más lejana a la más próxima", "Expiry, latest first";
        CODE: "Código, ascendente", "Code, ascending";
        CODE_DESC: "Código, descendente", "Code, descending";
        NAME: "Nombre, de la A a la Z", "Name, A to Z";
        NAME_DESC: "Nombre, de la Z a la A", "Name, Z to A";
    }
    DonorKind {
        AGENCY: "Institución del programa", "Agency of the programme";
        ORGANISATION: "Empresa u organización", "Company or organisation";
        PERSON: "Persona", "Person";
        ANONYMOUS: "Anónimo", "Anonymous";
    }
    DuplicateReason {
        CURP: "Misma CURP", "Same CURP";
        DOCUMENT: "Mismo documento de identidad", "Same identity document";
        BIRTH_DATE: "Misma fecha de nacimiento", "Same day of birth";
        BIRTH_MONTH: "Mismo mes de nacimiento", "Same month of birth";
        BIRTH_YEAR: "Mismo año de nacimiento", "Same year of birth";
        NAME_SPELT: "Nombre que se escribe igual", "Name spelt alike";
        NAME_SOUNDS: "Nombre que suena igual", "Name that sounds alike";
        HOUSEHOLD: "Mismo hogar", "Same household";
    }
    DwellingService {
        WATER: "Agua entubada", "Running water";
        POWER: "Electricidad", "Electricity";
        GAS: "Gas", "Gas";
        INTERNET: "Internet", "Internet";
    }
    EnrolmentState {
        ACTIVE: "Activa", "Active";
        COMPLETED: "Concluida", "Completed";
        LEFT: "Interrumpida", "Left early";
    }
    EntitledUnit {
        HOUSEHOLD: "Por hogar", "Per household";
        PERSON: "Por persona", "Per person";
    }
    EpisodeEnding {
        DEPARTED: "Egreso acordado", "Departed as arranged";
        LEFT: "Se fue sin avisar", "Left without saying so";
        DIED: "Fallecimiento", "Died";
    }
    ExpiryBand {
        EXPIRED: "Caducado", "Expired";
        WITHIN_7_DAYS: "En 1 a 7 días", "In 1 to 7 days";
        WITHIN_30_DAYS: "En 8 a 30 días", "In 8 to 30 days";
        WITHIN_90_DAYS: "En 31 a 90 días", "In 31 to 90 days";
        LATER: "En más de 90 días", "In more than 90 days";
        NEVER: "Sin caducidad", "Does not expire";
    }
    FindingSeverity {
        LOW: "Baja", "Low";
        MEDIUM: "Media", "Medium";
        HIGH: "Alta", "High";
        CRITICAL: "Crítica", "Critical";
    }
    FindingState {
        OPEN: "Abierto", "Open";
        BEGUN: "En corrección", "Being corrected";
        DONE: "Corregido, por verificar", "Corrected, to be verified";
        VERIFIED: "Verificado", "Verified";
    }
    FollowUpOutcome {
        SETTLED: "Se estableció en su destino", "Settled where they went";
        MOVED_ON: "Siguió a otro lugar", "Went on to another place";
        NEEDS_HELP: "Necesita ayuda", "Needs help";
        UNREACHABLE: "No se logró el contacto", "Could not be reached";
    }
    HandoverCondition {
        GOOD: "En buen estado", "In good condition";
        WORN: "Con desgaste", "Worn";
        BROKEN: "No funciona", "Does not work";
    }
    HealthRisk {
        LOW: "Bajo", "Low";
        MODERATE: "Moderado", "Moderate";
        HIGH: "Alto", "High";
    }
    ImportPhase {
        CHECKING: "En revisión", "Being checked";
        STORING: "En registro", "Being stored";
        RECEIVED: "Recibida", "Received";
        NOT_RECEIVED: "No recibida", "Not received";
        FAILED: "Fallida", "Failed";
    }
    IncidentKind {
        VIOLENCE: "Violencia", "Violence";
        THREAT: "Amenaza", "Threat";
        THEFT: "Robo", "Theft";
        DAMAGE: "Daños", "Damage";
        DISORDER: "Alteración del orden", "Disorder";
        INTRUSION: "Ingreso no autorizado", "Intrusion";
        MISSING_PERSON: "Persona no localizada", "Missing person";
        OTHER: "Otro", "Other";
    }
    IncidentOutcome {
        SETTLED: "Resuelto en el lugar", "Settled there";
        HANDED_OVER: "Turnado a otra autoridad", "Handed over to another authority";
        UNFOUNDED: "Sin fundamento", "Unfounded";
    }
    IncidentPart {
        AFFECTED: "Persona afectada", "Affected";
        WITNESS: "Testigo", "Witness";
        ALLEGED: "Persona señalada", "Alleged";
    }
    IncidentSeverity {
        LOW: "Baja", "Low";
        MEDIUM: "Media", "Medium";
        HIGH: "Alta", "High";
        CRITICAL: "Crítica", "Critical";
    }
    IncidentState {
        OPEN: "Abierto", "Open";
        CLOSED: "Cerrado", "Closed";
    }
    IncidentStep {
        REPORTED: "Reportado", "Reported";
        FOLLOWED_UP: "Con seguimiento", "Followed up";
        PERSON_INVOLVED: "Persona agregada", "Person added";
        CLOSED: "Cerrado", "Closed";
    }
    IndicatorDimension {
        SEX: "Sexo", "Sex";
        AGE_BAND: "Grupo de edad", "Age band";
        NATIONALITY: "Nacionalidad", "Nationality";
    }
    IndicatorUnit {
        PERSON: "Persona", "Person";
        HOUSEHOLD: "Hogar", "Household";
        DWELLING: "Vivienda", "Dwelling";
        PROCEDURE: "Trámite", "Procedure";
        JOB: "Empleo", "Job";
        DISPENSING: "Entrega de medicamento", "Dispensing";
        ARTICLE: "Artículo", "Article";
        BIRTH: "Nacimiento", "Birth";
        SHELTER: "Albergue", "Shelter";
    }
    InspectionOutcome {
        PASSED: "Aprobada", "Passed";
        PASSED_WITH_FINDINGS: "Aprobada con hallazgos", "Passed with findings";
        FAILED: "No aprobada", "Failed";
    }
    IntakeState {
        OPEN: "Abierta", "Open";
        SUBMITTED: "Entregada", "Submitted";
        WITHDRAWN: "Retirada", "Withdrawn";
    }
    JobApplicationState {
        SUBMITTED: "Presentada", "Submitted";
        INTERVIEWED: "Con entrevista", "Interviewed";
        OFFERED: "Con oferta de empleo", "Offered the job";
        HIRED: "Con contratación", "Hired";
        REJECTED: "No aceptada", "Rejected";
        WITHDRAWN: "Retirada", "Withdrawn";
    }
    JobEnding {
        TERM_OVER: "Fin del plazo", "Term over";
        RESIGNED: "Renuncia", "Resigned";
        DISMISSED: "Despido", "Dismissed";
        ANOTHER_JOB: "Otro empleo", "Another job";
        MOVED_AWAY: "Mudanza", "Moved away";
        RECORDED_IN_ERROR: "Registro por error", "Recorded in error";
        OTHER: "Otro motivo", "Another reason";
    }
    JobEventKind {
        JOB_FAIR: "Feria del empleo", "Job fair";
        TRAINING: "Capacitación", "Training";
    }
    JobFollowUpOutcome {
        WORKING: "Trabaja ahí sin problemas", "Works there, all is well";
        NEEDS_SUPPORT: "Trabaja ahí y necesita apoyo", "Works there, needs support";
        NOT_THERE: "No trabaja ahí", "Does not work there";
    }
    Kinship {
        HEAD: "Cabeza del hogar", "Head of the household";
        PARTNER: "Cónyuge o pareja", "Spouse or partner";
        CHILD: "Hija o hijo", "Daughter or son";
        RELATIVE: "Otro familiar", "Another relative";
    }
    LanguageLevel {
        A1: "A1, inicial", "A1, beginner";
        A2: "A2, básico", "A2, elementary";
        B1: "B1, intermedio", "B1, intermediate";
        B2: "B2, intermedio alto", "B2, upper intermediate";
        C1: "C1, avanzado", "C1, advanced";
        C2: "C2, dominio", "C2, proficient";
    }
    LeaseEnding {
        MOVED_ON: "Mudanza de quienes vivían ahí", "Those who lived there moved on";
        OWNER: "Uso de la parte arrendadora", "The owner needs it";
        RENT: "No se pudo pagar la renta", "The rent could not be paid";
        UNFIT: "Vivienda ya no habitable", "Not fit any more";
        CONFLICT: "Conflicto de convivencia", "Conflict";
        OTHER: "Otro motivo", "Another reason";
    }
    LeaseState {
        ACTIVE: "Vigente", "Active";
        ENDED: "Terminado antes del plazo", "Ended early";
        CANCELLED: "Cancelado", "Cancelled";
    }
    LegalBasis {
        CONSENT: "Consentimiento", "Consent";
        VITAL_INTEREST: "Interés vital", "Vital interest";
        LEGAL_DUTY: "Obligación legal", "Legal duty";
        PUBLIC_INTEREST: "Interés público", "Public interest";
    }
    LocationKind {
        WAREHOUSE: "Almacén", "Warehouse";
        SHELTER_STORE: "Bodega de albergue", "Shelter store";
        TRANSIT: "En camino", "In transit";
    }
    MaritalStatus {
        SINGLE: "Soltera o soltero", "Single";
        MARRIED: "Casada o casado", "Married";
        FREE_UNION: "Unión libre", "Free union";
        WIDOWED: "Viuda o viudo", "Widowed";
    }
    Meal {
        BREAKFAST: "Desayuno", "Breakfast";
        LUNCH: "Comida", "Lunch";
        DINNER: "Cena", "Dinner";
    }
    MealState {
        PLANNED: "Planeada", "Planned";
        SERVED: "Servida", "Served";
        CANCELLED: "Cancelada", "Cancelled";
    }
    MedicalReferralState {
        SENT: "Enviada", "Sent";
        ACCEPTED: "Aceptada", "Accepted";
        DECLINED: "Declinada", "Declined";
        ENDED: "Concluida", "Ended";
    }
    MigrationStatus {
        UNDOCUMENTED: "Sin documento todavía", "No document yet";
        HUMANITARIAN_VISITOR: "Visitante por razones humanitarias", "Visitor for humanitarian reasons";
        ASYLUM_SEEKER: "Solicitante de refugio", "Asylum seeker";
        REFUGEE: "Persona refugiada", "Refugee";
        CITIZEN: "Persona de nacionalidad mexicana", "Citizen";
    }
    MovementKind {
        RECEIPT: "Entrada", "Receipt";
        TRANSFER: "Traslado", "Transfer";
        DELIVERY: "Entrega", "Delivery";
        WRITE_OFF: "Baja", "Write-off";
        CORRECTION: "Corrección", "Correction";
    }
    NewbornLodging {
        COT: "En cuna propia", "In a cot of their own";
        WITH_MOTHER: "Con la madre", "With the mother";
        ELSEWHERE: "En ningún albergue", "In no shelter";
    }
    OutreachKind {
        TALK: "Plática", "Talk";
        MEDIA: "Medios", "Media";
        VISIT: "Visita a arrendadores", "Visit to owners";
    }
    Paper {
        LETTER: "Carta", "Letter";
        A4: "A4", "A4";
    }
    PermitKind {
        OPENING: "Apertura de albergue", "Opening of a shelter";
        SANITARY: "Sanitario", "Sanitary";
        EVENT: "Evento", "Event";
        TRANSPORT: "Transporte", "Transport";
        OTHER: "Otro documento o trámite", "Another document or procedure";
    }
    PermitState {
        REQUESTED: "Solicitado", "Requested";
        UNDER_REVIEW: "En revisión", "Under review";
        GRANTED: "Otorgado", "Granted";
        REFUSED: "Negado", "Refused";
        WITHDRAWN: "Retirado", "Withdrawn";
    }
    PlacementGround {
        SEGMENT_FITS: "Espacio de su segmento", "Space of their segment";
        SEGMENT_OTHER: "Espacio de otro segmento", "Space of another segment";
        NEEDS_MET: "Necesidades cubiertas", "Needs met";
        NEEDS_UNMET: "Necesidades sin cubrir", "Needs unmet";
        ONE_SPACE: "En un solo espacio", "In one space";
        ONE_SHELTER: "En un solo albergue", "In one shelter";
        APART: "En varios albergues", "In several shelters";
        KIN_IN_SHELTER: "Su hogar se aloja en este albergue", "Their household lodges in this shelter";
        KIN_IN_CENTRE: "Su hogar se aloja en el mismo centro", "Their household lodges in the same centre";
        KIN_ELSEWHERE: "Su hogar se aloja en otra parte", "Their household lodges elsewhere";
        ROOM_LEFT: "Quedan camas libres", "Beds stay free";
        LAST_BEDS: "Son las últimas camas libres", "The last free beds";
    }
    PolicyAnswer {
        ALLOWED: "Permitido", "Allowed";
        REFUSED: "Negado", "Refused";
        DEPENDS: "Depende del registro", "Depends on the record";
    }
    PolicyEffect {
        PERMIT: "Permite", "Permits";
        FORBID: "Prohíbe", "Forbids";
    }
    PregnancyEnding {
        BIRTH: "Nacimiento", "Birth";
        STILLBIRTH: "Muerte fetal", "Stillbirth";
        LOSS: "Aborto espontáneo o interrupción", "Miscarriage or interruption";
        UNKNOWN: "Se desconoce", "Not known";
    }
    PrenatalControlState {
        UPCOMING: "Por venir", "Upcoming";
        DUE: "Toca ahora", "Due";
        HELD: "Realizado", "Held";
        MISSED: "No realizado", "Missed";
        BEFORE: "Anterior al registro", "Before the pregnancy was recorded";
        NOT_NEEDED: "Ya no hizo falta", "Not needed";
    }
    PressCondition {
        NO_FACES_OF_MINORS: "Sin rostros de niñas, niños ni adolescentes", "No faces of minors";
        NO_NAMES: "Sin nombres de personas atendidas", "No names of people in care";
        NO_INTERVIEWS_OF_MINORS: "Sin entrevistas a niñas, niños ni adolescentes", "No interviews of minors";
        NO_DORMITORIES: "Sin acceso a los dormitorios", "No access to where people sleep";
        NO_HEALTH_CARE: "Sin acceso a la atención médica", "No access to where people are cared for";
        NO_LIVE_BROADCAST: "Sin transmisión en vivo", "No live broadcast";
    }
    PressVisitState {
        PROPOSED: "Propuesta", "Proposed";
        APPROVED: "Aprobada", "Approved";
        REFUSED: "Rechazada", "Refused";
        DONE: "Realizada", "Done";
        CANCELLED: "Cancelada", "Cancelled";
    }
    Purpose {
        RECEPTION: "Recepción", "Reception";
        HEALTH_CARE: "Atención médica", "Medical care";
        PROTECTION: "Protección", "Protection";
        EDUCATION: "Educación", "Education";
        EMPLOYMENT: "Empleo", "Employment";
        HOUSING: "Vivienda", "Housing";
        ASSISTANCE: "Asistencia en especie", "Assistance in kind";
        OVERSIGHT: "Observancia de los derechos humanos", "Oversight of human rights";
    }
    ReceiptStanding {
        RECEIVED: "Sin cambios", "As received";
        CORRECTED: "Corregido", "Corrected";
        RECALLED: "Retirado", "Recalled";
    }
    RecommendationAnswer {
        ACCEPTED: "Aceptada", "Accepted";
        PARTLY_ACCEPTED: "Aceptada en parte", "Partly accepted";
        NOT_ACCEPTED: "No aceptada", "Not accepted";
    }
    RecommendationState {
        MADE: "Sin respuesta", "Not answered";
        ANSWERED: "Con respuesta", "Answered";
        IN_PROGRESS: "Con informe por verificar", "Reported, to be verified";
        VERIFIED: "Verificada", "Verified";
    }
    RecommendationVerdict {
        FOLLOWED: "Cumplida", "Followed";
        PARTLY_FOLLOWED: "Cumplida en parte", "Partly followed";
        NOT_FOLLOWED: "No cumplida", "Not followed";
    }
    ReferralState {
        PROPOSED: "Propuesta", "Proposed";
        ACCEPTED: "Aceptada", "Accepted";
        DECLINED: "Declinada", "Declined";
        ENDED: "Concluida", "Ended";
    }
    RevalidationDecision {
        CERTIFIED: "Certificación", "Certified";
        REFUSED: "Negativa", "Refused";
    }
    RevalidationDocument {
        FOREIGN_CERTIFICATE: "Certificado de otro país", "Certificate of another country";
        TRANSCRIPT: "Historial de calificaciones", "Transcript of marks";
        IDENTITY: "Documento de identidad", "Identity document";
        TRANSLATION: "Traducción", "Translation";
        EXAMINATION: "Examen presentado aquí", "Examination taken here";
        DECLARATION: "Declaración bajo protesta de decir verdad", "Declaration under oath";
    }
    RevalidationLevel {
        PRIMARY: "Primaria", "Primary school";
        SECONDARY: "Secundaria", "Secondary school";
        HIGH_SCHOOL: "Bachillerato", "High school";
    }
    RevalidationState {
        FILED: "En trámite", "Filed";
        CERTIFIED: "Certificada", "Certified";
        REFUSED: "Negada", "Refused";
        WITHDRAWN: "Retirada", "Withdrawn";
    }
    RfcDocument {
        IDENTIFICATION: "Identificación", "Identification";
        PROOF_OF_ADDRESS: "Comprobante de domicilio", "Proof of address";
        PHOTOGRAPH: "Fotografía", "Photograph";
        SIGNED_APPLICATION: "Solicitud firmada", "Signed application";
    }
    RfcState {
        OPENED: "Abierto", "Opened";
        DOCUMENTS_COMPLETE: "Con documentos completos", "Documents complete";
        FILED: "Presentado al SAT", "Filed with the tax authority";
        COMPLETED: "Concluido", "Completed";
        REFUSED: "Negado", "Refused";
        ABANDONED: "Abandonado", "Abandoned";
    }
    RoleCode {
        coordinator: "Coordinación del programa", "Coordinator";
        shelter_lead: "Responsable de albergue", "Shelter lead";
        donation_coordinator: "Coordinación de donaciones", "Donation coordinator";
        administrator: "Administración", "Administrator";
        clinician: "Personal clínico", "Clinician";
        educator: "Educación para personas adultas", "Educator";
        kitchen: "Cocina", "Kitchen";
        officer: "Orden público", "Public order officer";
        inspector: "Inspección", "Inspector";
        lender: "Préstamo de centros", "Lender of centres";
        permits: "Permisos", "Permits";
        liaison: "Relaciones públicas", "Public relations";
        donor: "Donante", "Donor";
        adviser: "Asesoría y traducción", "Adviser";
        programmes: "Programas para la niñez", "Programmes for children";
        partner: "Organización aliada", "Partner";
        witness: "Observancia de los derechos humanos", "Human rights witness";
        employer: "Contacto de empleador", "Employer's contact";
        integrator: "Cuenta de sistema", "Machine account";
    }
    SchoolDocument {
        BIRTH_CERTIFICATE: "Acta de nacimiento", "Birth certificate";
        GUARDIAN_IDENTITY: "Identificación de quien cuida", "Guardian's identity document";
        VACCINATION_CARD: "Cartilla de vacunación", "Vaccination card";
        PREVIOUS_STUDIES: "Certificado de estudios previos", "Certificate of previous studies";
    }
    SchoolLevel {
        PRESCHOOL: "Preescolar", "Preschool";
        PRIMARY: "Primaria", "Primary school";
        SECONDARY: "Secundaria", "Secondary school";
    }
    SchoolPlaceClosing {
        NO_PLACE_LEFT: "Sin lugar en el grado", "No place left in the grade";
        AGE: "La escuela no atiende esa edad", "The school does not teach that age";
        OTHER_SCHOOL: "Va a otra escuela", "Goes to another school";
        FAMILY_DECLINED: "La familia decidió otra cosa", "The family decided otherwise";
        FAMILY_LEFT: "La familia dejó la ciudad", "The family left the city";
    }
    SchoolPlaceState {
        REQUESTED: "Solicitado", "Requested";
        DOCUMENTS_COMPLETE: "Con documentos completos", "Documents complete";
        PLACED: "Asignado", "Placed";
        REFUSED: "Negado", "Refused";
        WITHDRAWN: "Retirado", "Withdrawn";
    }
    SchoolShift {
        MORNING: "Matutino", "Morning";
        AFTERNOON: "Vespertino", "Afternoon";
        FULL_DAY: "Tiempo completo", "Full day";
    }
    ScreeningKind {
        IDENTITY: "Identidad", "Identity";
        CRIMINAL_RECORD: "Constancia de antecedentes no penales", "Criminal record certificate";
        CHILD_SAFEGUARDING: "Capacitación en protección de la niñez", "Child safeguarding training";
    }
    ScreeningState {
        VALID: "Vigente", "Valid";
        EXPIRED: "Vencida", "Expired";
        SUPERSEDED: "Sustituida", "Superseded";
        REVOKED: "Revocada", "Revoked";
    }
    Segment {
        PREGNANCY: "Mujeres embarazadas y acompañantes", "Pregnant women and those with them";
        SINGLE_MEN: "Hombres solos", "Men who came alone";
        SINGLE_WOMEN: "Mujeres solas", "Women who came alone";
        FAMILY_NUCLEUS: "Familias", "Families";
        CHRONIC_ILLNESS: "Enfermedad crónica", "Chronic illness";
        RESPIRATORY_RISK: "Riesgo respiratorio", "Respiratory risk";
    }
    Sex {
        FEMALE: "Mujer", "Female";
        MALE: "Hombre", "Male";
        UNSTATED: "Otro o sin especificar", "Other or not stated";
    }
    SharedClass {
        IDENTITY: "Identidad y familia", "Identity and family";
        CONSENT: "Consentimientos y canalizaciones", "Consents and referrals";
        MIGRATION: "Situación migratoria", "Migration status";
        EDUCATION: "Educación", "Education";
        EMPLOYMENT: "Empleo", "Employment";
        HOUSING: "Vivienda", "Housing";
    }
    ShipmentState {
        IN_TRANSIT: "En camino", "In transit";
        RECEIVED: "Recibido", "Received";
        CANCELLED: "Cancelado", "Cancelled";
    }
    SignUpState {
        SIGNED_UP: "Por asistir", "Signed up";
        WITHDRAWN: "Ya no asistirá", "Withdrawn";
        CAME: "Asistió", "Came";
        ABSENT: "No asistió", "Did not come";
    }
    Skill {
        CONSTRUCTION: "Construcción", "Construction";
        CARPENTRY: "Carpintería", "Carpentry";
        ELECTRICITY: "Electricidad", "Electrical work";
        PLUMBING: "Plomería", "Plumbing";
        WELDING: "Soldadura", "Welding";
        MECHANICS: "Mecánica", "Mechanics";
        ASSEMBLY: "Ensamble en fábrica", "Factory assembly";
        WAREHOUSE: "Almacén", "Warehouse work";
        DRIVING: "Manejo de vehículos", "Driving";
        FARM_WORK: "Trabajo agrícola", "Farm work";
        COOKING: "Cocina", "Cooking";
        CLEANING: "Limpieza", "Cleaning";
        CARE: "Cuidado de personas", "Care of people";
        SEWING: "Costura", "Sewing";
        SALES: "Ventas", "Sales";
        OFFICE: "Trabajo de oficina", "Office work";
        TEACHING: "Enseñanza", "Teaching";
        INTERPRETING: "Interpretación", "Interpreting";
    }
    Specialty {
        GENERAL: "Medicina general", "General medicine";
        GYNAECOLOGICAL: "Ginecología", "Gynaecology";
        PRENATAL: "Control prenatal", "Prenatal control";
        POSTNATAL: "Atención posparto", "Postnatal care";
        PSYCHOLOGICAL: "Psicología", "Psychology";
        PSYCHIATRIC: "Psiquiatría", "Psychiatry";
        SPECIALIST: "Otra especialidad", "Another specialty";
    }
    StockAlertKind {
        EXPIRED: "Caducado en almacén", "Expired in store";
        EXPIRING: "Por caducar", "Expiring soon";
        LOW_STOCK: "Menos del mínimo", "Below the minimum";
    }
    StockCountState {
        OPEN: "Abierto", "Open";
        CLOSED: "Cerrado", "Closed";
        CANCELLED: "Cancelado", "Cancelled";
    }
    SupplyRequestState {
        SUBMITTED: "Presentada", "Submitted";
        APPROVED: "Aprobada", "Approved";
        REFUSED: "Negada", "Refused";
        FULFILLED: "Surtida", "Fulfilled";
        CLOSED: "Cerrada", "Closed";
    }
    Symptom {
        FEVER: "Fiebre", "Fever";
        COUGH: "Tos", "Cough";
        BREATHLESSNESS: "Falta de aire", "Short of breath";
        GASTRIC: "Diarrea o vómito", "Diarrhoea or vomiting";
        PAIN: "Dolor", "Pain";
    }
    TaskEnding {
        ASKER: "Retirada por quien la pidió", "Withdrawn by the agency that asked";
        DEPARTED: "Egreso de la persona", "The person has left";
    }
    TaskPriority {
        LOW: "Baja", "Low";
        NORMAL: "Normal", "Normal";
        HIGH: "Alta", "High";
        URGENT: "Urgente", "Urgent";
    }
    TaskState {
        PROPOSED: "Propuesta", "Proposed";
        ACCEPTED: "Aceptada", "Accepted";
        DECLINED: "Declinada", "Declined";
        DONE: "Hecha", "Done";
        WITHDRAWN: "Retirada", "Withdrawn";
    }
    TranslationState {
        ASKED: "Solicitada", "Asked for";
        DELIVERED: "Entregada", "Delivered";
        RETURNED: "Devuelta", "Returned";
        PUBLISHED: "Publicada", "Published";
        DECLINED: "Declinada", "Declined";
        WITHDRAWN: "Retirada", "Withdrawn";
    }
    Transport {
        PROGRAMME: "Vehículo del programa", "Vehicle of the programme";
        BUS: "Autobús", "Bus";
        AIR: "Avión", "Aeroplane";
        PRIVATE: "Vehículo particular", "Private vehicle";
        ON_FOOT: "A pie", "On foot";
    }
    TutorialAudience {
        EVERYONE: "Todo público", "Everyone";
        FAMILIES: "Familias", "Families";
        WOMEN: "Mujeres", "Women";
        ADOLESCENTS: "Adolescentes", "Adolescents";
        CHILDREN: "Niñas y niños", "Children";
        STAFF: "Personal de los albergues", "Those who work in the shelters";
    }
    TutorialFormat {
        VIDEO: "Video", "Video";
        AUDIO: "Audio", "Audio";
        LEAFLET: "Folleto", "Leaflet";
        POSTER: "Cartel", "Poster";
        WORKSHOP: "Taller", "Workshop";
    }
    TutorialTopic {
        RIGHTS: "Derechos", "Rights";
        PROCEDURES: "Trámites", "Procedures";
        HEALTH: "Salud e higiene", "Health and hygiene";
        EMPLOYMENT: "Empleo", "Employment";
        EDUCATION: "Educación", "Education";
        HOUSING: "Vivienda", "Housing";
        LANGUAGE: "Idioma", "Language";
        COEXISTENCE: "Convivencia", "Living together";
    }
    Unit {
        PIECE: "Pieza", "Piece";
        KIT: "Kit", "Kit";
        PARCEL: "Paquete", "Parcel";
        LITRE: "Litro", "Litre";
        KILOGRAM: "Kilogramo", "Kilogram";
        BOX: "Caja", "Box";
        PAIR: "Par", "Pair";
    }
    VacancyStep {
        OPENED: "Abierta", "Opened";
        REVISED: "Modificada", "Revised";
        FILLED: "Lugar ocupado", "Opening filled";
        FREED: "Lugar liberado", "Opening freed";
        CLOSED: "Cerrada", "Closed";
    }
    VaccinationProof {
        CARD_SHOWN: "Mostró la cartilla", "Card shown";
        TOLD: "Así lo dice la familia", "The family says so";
    }
    Vaccine {
        BCG: "BCG (tuberculosis)", "BCG (tuberculosis)";
        HEPATITIS_B: "Hepatitis B", "Hepatitis B";
        HEXAVALENT: "Hexavalente", "Hexavalent";
        ROTAVIRUS: "Rotavirus", "Rotavirus";
        PNEUMOCOCCAL: "Neumocócica", "Pneumococcal";
        MMR: "Triple viral (SRP)", "Measles, mumps and rubella (MMR)";
        DPT: "DPT (difteria, tosferina y tétanos)", "DPT (diphtheria, whooping cough and tetanus)";
        TD: "Td (tétanos y difteria)", "Td (tetanus and diphtheria)";
        HPV: "Virus del papiloma humano (VPH)", "Human papillomavirus (HPV)";
        INFLUENZA: "Influenza", "Influenza";
        COVID_19: "COVID-19", "COVID-19";
    }
    VolunteerActivity {
        CHILDCARE: "Cuidado infantil", "Childcare";
        CLEANING: "Limpieza", "Cleaning";
        CLOTHING: "Ropa", "Clothing";
        INTERPRETING: "Interpretación", "Interpreting";
        KITCHEN: "Cocina y comidas", "Kitchen and meals";
        LOGISTICS: "Carga y almacén", "Carrying and storing";
        RECEPTION: "Recepción", "Reception";
        RECREATION: "Juegos y deporte", "Games and sport";
        REPAIRS: "Reparaciones", "Repairs";
        TEACHING: "Enseñanza", "Teaching";
    }
    VolunteerShiftState {
        PLANNED: "Planeado", "Planned";
        CANCELLED: "Cancelado", "Cancelled";
    }
    VolunteerShiftStep {
        PLANNED: "Planeado", "Planned";
        SIGNED_UP: "Alguien se inscribió", "Somebody signed up";
        WITHDRAWN: "Se retiró a alguien", "Somebody was withdrawn";
        ATTENDED: "Asistencia registrada", "Attendance recorded";
        CANCELLED: "Cancelado", "Cancelled";
    }
    VolunteerSkill {
        CHILDCARE: "Cuidado infantil", "Childcare";
        COOKING: "Cocina", "Cooking";
        DRIVING: "Manejo de vehículos", "Driving";
        FIRST_AID: "Primeros auxilios", "First aid";
        INTERPRETING: "Interpretación", "Interpreting";
        LEGAL: "Asesoría legal", "Legal counsel";
        LOGISTICS: "Carga y almacén", "Carrying and storing";
        REPAIRS: "Reparación y construcción", "Repairing and building";
        TEACHING: "Enseñanza", "Teaching";
    }
    WebhookMessageState {
        PENDING: "Pendiente", "Pending";
        DEAD: "Dado por perdido", "Dead";
    }
    WebhookState {
        ACTIVE: "Activo", "Active";
        PAUSED: "En pausa", "Paused";
        ENDED: "Terminado", "Ended";
    }
    Weekday {
        MONDAY: "Lunes", "Monday";
        TUESDAY: "Martes", "Tuesday";
        WEDNESDAY: "Miércoles", "Wednesday";
        THURSDAY: "Jueves", "Thursday";
        FRIDAY: "Viernes", "Friday";
        SATURDAY: "Sábado", "Saturday";
        SUNDAY: "Domingo", "Sunday";
    }
    WithdrawalCause {
        ASKED: "A petición, con motivo", "Somebody asked for it";
        SCREENING: "Verificación ya no vigente", "Screening not valid any more";
        SHIFT_CANCELLED: "Turno cancelado", "Shift cancelled";
        VOLUNTEER_ENDED: "Ya no es voluntaria o voluntario", "Helps no more";
        AGREEMENT_ENDED: "Fin del convenio", "Agreement ended";
    }
    Withheld {
        BLOCKED: "Datos bloqueados", "Blocked";
        ERASED: "Datos suprimidos", "Erased";
    }
    WorkPermit {
        UNKNOWN: "Se desconoce", "Not known";
        SHOWN: "Mostrado", "Shown";
    }
    WorkShift {
        MORNING: "Matutino", "Morning";
        AFTERNOON: "Vespertino", "Afternoon";
        NIGHT: "Nocturno", "Night";
        ROTATING: "Rotativo", "Rotating";
    }
    WriteOffCause {
        EXPIRED: "Caducidad", "Expired";
        RECALLED: "Retiro del lote", "Recalled";
        DAMAGED: "Daño", "Damaged";
        LOST: "Extravío", "Lost";
    }
};
