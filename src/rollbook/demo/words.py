"""Names to draw from, put together for the demo: plausible, varied, nobody in particular."""

from typing import Final

GIRLS: Final = """
Abena Adriana Aisha Alma Amara Amelia Ananya Anika Annika Aria Asha Ayana Beatriz Bianca Brielle Camila Carmen
Celeste Chloe Clara Daniela Delia Destiny Dina Elena Elif Ella Emi Esme Esther Fatima Fiona Freya Gabriela Gia
Gloria Grace Hana Hazel Imani Ines Ingrid Iris Isla Ivy Jada Jasmine Joanna Josie Juniper Kaia Keisha Kiara Laila
Leilani Lena Leticia Lin Lucia Luz Maeve Mai Malia Marisol Maya Mei Mila Mina Miriam Nadia Naomi Nia Noor Nora
Olivia Paloma Petra Phoebe Priya Quinn Rania Renata Rosa Ruth Saanvi Sabine Salma Selma Shira Simone Sofia Sunniva
Talia Tamika Teresa Thandi Uma Valeria Vera Willa Ximena Yara Yasmin Yuna Zara Zoe
""".split()

BOYS: Final = """
Abdul Adrian Ahmed Alejandro Amir Andre Anton Arjun Asher Aurelio Bashir Beau Benjamin Bodhi Caleb Carlos Cedric
Chidi Cole Cyrus Damian Dante Darius David Desmond Diego Dimitri Eduardo Elias Emeka Emil Enzo Ethan Ezra Farid
Felix Finn Gael Gideon Hamza Haruto Hector Hugo Ibrahim Ignacio Isaac Ivan Jabari Jakob Jamal Javier Jesse Joaquin
Jonah Jorge Julian Kai Kareem Kenji Khalil Kofi Kwame Leo Levi Liam Linus Luca Luis Malik Marco Mateo Matthias
Micah Miguel Min Mohammed Nathan Nikhil Noah Omar Oscar Otis Pablo Pedro Quentin Rafael Raj Ravi Reid Rohan Rory
Ruben Samir Santiago Sean Silas Soren Tariq Theo Tomas Trevor Tyrone Umar Victor Wei Wyatt Xavier Yosef Yusuf Zain
""".split()

FAMILIES: Final = """
Abara Abbott Acosta Adeyemi Agarwal Aguilar Ahmadi Albrecht Alvarez Andersen Aoki Arroyo Ashby Baptiste Barrera
Becker Begay Bello Bergstrom Blackwood Boateng Bouchard Bright Brooks Cabrera Calloway Campos Castillo Chandra Chang
Chavez Cho Coleman Contreras Cooper Cruz Dang Darby Delgado Desai Diallo Dixon Dominguez Donovan Duarte Dubois Eaton
Ellison Escobar Espinoza Farah Farrell Fernando Figueroa Fischer Fleming Fontaine Franklin Fuentes Gallagher Garza
Gill Goldberg Gonzalez Gray Guerrero Gupta Hadley Haddad Hall Hanson Hassan Hayes Herrera Hoang Holloway Hussain
Ibarra Ito Iyer Jackson Jaramillo Jefferson Jimenez Johansen Joshi Juarez Kamara Kang Kapoor Keller Khan Kim Kowalski
Kumar Lam Larkin Lee Lehmann Leon Lindqvist Lopez Lowe Lozano Mahmoud Maldonado Marsh Martinez Mbeki McBride Medina
Mehta Mendoza Mensah Mercer Molina Monroe Morales Moreno Murphy Nakamura Nassar Navarro Nguyen Novak Nunez Obi
Ochoa Okafor Olsen Ortega Osei Owens Pacheco Park Patel Pena Perez Pham Pierce Pineda Quintero Rahman Ramirez Rao
Reyes Rivers Robles Rojas Romero Rossi Ruiz Saito Salazar Sanders Santos Sato Schmidt Sharma Silva Simmons Singh
Solis Soto Stein Suarez Sullivan Takahashi Tanaka Teague Thao Thornton Torres Tran Trujillo Turner Underwood Valdez
Vargas Vasquez Vega Villanueva Vu Walker Wallace Wang Washington Watanabe Weber Whitfield Williams Wong Xiong Yamada
Yazzie Young Zamora Zeller Zhang Ziegler
""".split()
